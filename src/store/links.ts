import { closeSync, constants, lstatSync, openSync, readFileSync } from "node:fs";
import { MirrorError } from "../errors.js";
import { onFile } from "./files.js";

/** Windows has no such flag, and lets only administrators make links. */
export const NO_FOLLOW: number = constants.O_NOFOLLOW ?? 0;

/**
 * Refuses folders of the mirror that are links: what is written through one, read or removed, lies elsewhere. The mirror's
 * own root may be one, being the choice of whoever set it.
 * @throws MirrorError naming the link.
 */
export function refuseLinks(...folders: readonly string[]): void {
  for (const path of folders) {
    const stats = onFile("look at the folder", path, () => lstatSync(path, { throwIfNoEntry: false }));
    if (stats?.isSymbolicLink()) throw new MirrorError("Links in the mirror are not followed, and this is one", path);
  }
}

/** The text of a file; the error of the system where there is none, or where it is a link. */
export function textOf(path: string): string {
  const descriptor = openSync(path, constants.O_RDONLY | NO_FOLLOW);
  try {
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}
