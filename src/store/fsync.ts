import { closeSync, constants, fdatasync, fdatasyncSync, fsyncSync, openSync } from "node:fs";
import type { Fsync } from "../config.js";
import { codeOf } from "../util/thrown.js";
import { makeFolder, wrapFsError } from "./files.js";

/** How long a row may be only in the system's memory with `fsync: "interval"`. */
const INTERVAL_MS = 1_000;
/** The error codes of file systems without fsync (CIFS, FUSE, s3fs) and of Node's permission model. */
const UNSUPPORTED_CODES: ReadonlySet<string | undefined> = new Set([
  "EINVAL",
  "ENOSYS",
  "ENOTSUP",
  "EOPNOTSUPP",
  "EPERM",
  "ERR_ACCESS_DENIED",
]);

/** When the files of a mirror are synced to disk. */
export interface DiskPolicy {
  readonly fsync: Fsync;
  /** The mirror's folder: missing fsync support is reported once per mirror. */
  readonly root: string;
  readonly warn: (message: string) => void;
}

/** The system decides when files reach the disk. */
export const NO_FSYNC: DiskPolicy = { fsync: "never", root: "", warn: () => {} };

/** A file with lines that may be only in the system's memory. */
interface Unsynced {
  syncSoon(): void;
}

const unsynced = new Set<Unsynced>();
/** The mirrors whose file system does not support fsync. */
const mirrorsWithoutFsync = new Set<string>();

/**
 * Syncs a file to disk. Does nothing with `fsync: "never"`. If the file system does not support fsync, there is one warning
 * per mirror and process, and the system decides when the file reaches the disk.
 * @throws MirrorError if the sync fails.
 */
export function syncToDisk(descriptor: number, path: string, policy: DiskPolicy): void {
  if (!mayFsync(policy)) return;
  wrapFsError("write the file to disk", path, () => orWarn(policy, path, () => fdatasyncSync(descriptor)));
}

/** Syncs a file to disk without waiting. `fail` is called if the sync fails. */
export function syncToDiskSoon(
  descriptor: number,
  path: string,
  policy: DiskPolicy,
  fail: (error: Error) => void,
): void {
  if (!mayFsync(policy)) return;
  orWarn(policy, path, () =>
    fdatasync(descriptor, (error) => {
      // A file is synced before it is closed.
      if (error === null || codeOf(error) === "EBADF") return;
      if (isUnsupported(error)) warnOnce(policy, path, error);
      else fail(error);
    }),
  );
}

/**
 * Syncs a folder's entries to disk, with `fsync: "always"` only. Call it after a file in it was created or renamed.
 * Windows has no such call.
 * @throws MirrorError if the sync fails.
 */
export function syncFolder(folder: string, policy: DiskPolicy): void {
  if (policy.fsync !== "always" || process.platform === "win32" || !mayFsync(policy)) return;
  wrapFsError("write the folder to disk", folder, () => {
    const descriptor = openSync(folder, constants.O_RDONLY);
    try {
      orWarn(policy, folder, () => fsyncSync(descriptor));
    } finally {
      closeSync(descriptor);
    }
  });
}

/** Creates a folder and its parents, and syncs the folders that contain the new ones, as `syncFolder` does. */
export function makeSyncedFolder(path: string, policy: DiskPolicy): void {
  for (const changed of makeFolder(path)) syncFolder(changed, policy);
}

/** Syncs a file within the interval. If the process exits first, the system does it. */
export function syncWithin(file: Unsynced): void {
  if (unsynced.size === 0) setTimeout(syncAll, INTERVAL_MS).unref();
  unsynced.add(file);
}

/** Removes a file that was synced by other means, or closed. */
export function forget(file: Unsynced): void {
  unsynced.delete(file);
}

function syncAll(): void {
  const files = [...unsynced];
  unsynced.clear();
  for (const file of files) file.syncSoon();
}

function mayFsync({ fsync, root }: DiskPolicy): boolean {
  return fsync !== "never" && !mirrorsWithoutFsync.has(root);
}

function orWarn(policy: DiskPolicy, path: string, step: () => void): void {
  try {
    step();
  } catch (error) {
    if (!isUnsupported(error)) throw error;
    warnOnce(policy, path, error);
  }
}

function isUnsupported(error: unknown): boolean {
  return UNSUPPORTED_CODES.has(codeOf(error));
}

function warnOnce({ fsync, root, warn }: DiskPolicy, path: string, error: unknown): void {
  if (mirrorsWithoutFsync.has(root)) return;
  mirrorsWithoutFsync.add(root);
  warn(
    `${path}: the file system does not support fsync (${codeOf(error)}), so fsync: "${fsync}" has no effect in ${root}. ` +
      "Writes continue; the most recent ones may be lost if the machine loses power.",
  );
}
