import { closeSync, constants, lstatSync, openSync, readFileSync } from "node:fs";
import { MirrorError } from "../errors.js";
import { wrapFsError } from "./files.js";

/** Windows has no such flag, and lets only administrators create links. */
export const NO_FOLLOW: number = constants.O_NOFOLLOW ?? 0;

/**
 * Asserts that folders of the mirror are not links, through which files elsewhere could be read, written or removed. The
 * mirror's root may be a link, because its owner chose it.
 * @throws MirrorError naming the link.
 */
export function assertNoLinks(...folders: readonly string[]): void {
  for (const path of folders) {
    const stats = wrapFsError("inspect the folder", path, () => lstatSync(path, { throwIfNoEntry: false }));
    if (stats?.isSymbolicLink())
      throw new MirrorError("This is a link, and links in the mirror are not followed", path);
  }
}

/** Reads a file that is not a link. @throws the system's error. */
export function textOf(path: string): string {
  const descriptor = openSync(path, constants.O_RDONLY | NO_FOLLOW);
  try {
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}
