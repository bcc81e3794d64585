import { closeSync, constants, fdatasync, fdatasyncSync, fsyncSync, openSync } from "node:fs";
import type { Fsync } from "../config.js";
import { codeOf } from "../util/thrown.js";
import { makeFolder, onFile } from "./files.js";

/** How long a row may be in the system's memory alone where files are brought to the disk at intervals. */
const INTERVAL_MS = 1_000;
/** What file systems (CIFS, FUSE, s3fs) and Node's permission model answer where there is no fsync. */
const REFUSALS: ReadonlySet<string | undefined> = new Set([
  "EINVAL",
  "ENOSYS",
  "ENOTSUP",
  "EOPNOTSUPP",
  "EPERM",
  "ERR_ACCESS_DENIED",
]);

/** When the files of a mirror are brought to the disk. */
export interface DiskPolicy {
  readonly fsync: Fsync;
  /** The mirror: a disk that refuses fsync is named once for each mirror. */
  readonly root: string;
  readonly warn: (message: string) => void;
}

/** Leaves it to the system when files reach the disk. */
export const NO_FSYNC: DiskPolicy = { fsync: "never", root: "", warn: () => {} };

/** A file with lines that may be in the system's memory alone. */
interface Unsynced {
  syncSoon(): void;
}

const unsynced = new Set<Unsynced>();
/** The mirrors whose disk refuses fsync. */
const refusing = new Set<string>();

/**
 * Waits until the disk has what was written to a file. With `fsync: "never"` it makes no call. A disk that cannot do it
 * is named in a warning, once for each mirror of a process; the file is then as safe as the system makes it.
 * @throws MirrorError where the disk could and did not.
 */
export function syncToDisk(descriptor: number, path: string, policy: DiskPolicy): void {
  if (!mayFsync(policy)) return;
  onFile("write the file to disk", path, () => orWarn(policy, path, () => fdatasyncSync(descriptor)));
}

/** Has the disk take what was written to a file, without waiting for it. `fail` is told where the disk could and did not. */
export function syncToDiskSoon(
  descriptor: number,
  path: string,
  policy: DiskPolicy,
  fail: (error: Error) => void,
): void {
  if (!mayFsync(policy)) return;
  orWarn(policy, path, () =>
    fdatasync(descriptor, (error) => {
      // A file that was closed meanwhile was brought to the disk before.
      if (error === null || codeOf(error) === "EBADF") return;
      if (isRefusal(error)) warnOnce(policy, path, error);
      else fail(error);
    }),
  );
}

/**
 * With `fsync: "always"`, waits until the disk knows the files of a folder by name: call it after a file was made in the
 * folder or renamed. Windows has no such call.
 * @throws MirrorError where the disk could and did not.
 */
export function syncFolder(folder: string, policy: DiskPolicy): void {
  if (policy.fsync !== "always" || process.platform === "win32" || !mayFsync(policy)) return;
  onFile("write the folder to disk", folder, () => {
    const descriptor = openSync(folder, constants.O_RDONLY);
    try {
      orWarn(policy, folder, () => fsyncSync(descriptor));
    } finally {
      closeSync(descriptor);
    }
  });
}

/** Makes a folder and those above it, and with `fsync: "always"` waits until the disk knows them by name. */
export function makeFolderKnown(path: string, policy: DiskPolicy): void {
  for (const changed of makeFolder(path)) syncFolder(changed, policy);
}

/** Brings a file to the disk within the interval. A process that ends before leaves that to the system. */
export function syncWithin(file: Unsynced): void {
  if (unsynced.size === 0) setTimeout(syncAll, INTERVAL_MS).unref();
  unsynced.add(file);
}

/** The file has been brought to the disk by other means, or closed. */
export function forget(file: Unsynced): void {
  unsynced.delete(file);
}

function syncAll(): void {
  const files = [...unsynced];
  unsynced.clear();
  for (const file of files) file.syncSoon();
}

function mayFsync({ fsync, root }: DiskPolicy): boolean {
  return fsync !== "never" && !refusing.has(root);
}

function orWarn(policy: DiskPolicy, path: string, step: () => void): void {
  try {
    step();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    warnOnce(policy, path, error);
  }
}

function isRefusal(error: unknown): boolean {
  return REFUSALS.has(codeOf(error));
}

function warnOnce({ fsync, root, warn }: DiskPolicy, path: string, error: unknown): void {
  if (refusing.has(root)) return;
  refusing.add(root);
  warn(
    `${path}: the file system refuses fsync (${codeOf(error)}), so fsync: "${fsync}" cannot be kept in ${root}. ` +
      "Writes go on; the last of them may be lost if the machine loses power.",
  );
}
