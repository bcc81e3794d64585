import { lstatSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { MirrorError } from "../errors.js";
import { codeOf } from "../util/thrown.js";

/** Only the owner can read the mirror's files. */
export const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const RENAME_ATTEMPTS = 5;
const FIRST_RENAME_PAUSE_MS = 5;
const LOG_DIR_HINT = "Set EVSYS_LOG_DIR (or logDir) to a writable folder.";

/** Runs a file operation and wraps a system error in a MirrorError that names the file. */
export function wrapFsError<Result>(action: string, path: string, step: () => Result, hintIfDenied?: string): Result {
  try {
    return step();
  } catch (cause) {
    if (cause instanceof MirrorError) throw cause;
    // The system's message would be "too many links".
    const why = codeOf(cause) === "ELOOP" ? ": links in the mirror are not followed" : "";
    throw new MirrorError(`Cannot ${action}${why}`, path, cause, isDenied(cause) ? hintIfDenied : undefined);
  }
}

/** Creates a folder and its parents. Returns the folders that have a new entry, which may need an fsync. */
export function makeFolder(path: string): string[] {
  return wrapFsError("create the folder", path, () => makeFolders(path), LOG_DIR_HINT);
}

/** Node's recursive mkdir never returns if the file system allows no folders, as below /proc. */
function makeFolders(path: string): string[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [];
  const parent = dirname(path);
  const changed = parent === path ? [] : makeFolders(parent);
  try {
    mkdirSync(path, { mode: FOLDER_MODE });
  } catch (error) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
  return [...changed, parent];
}

/** Whether a system error means that the file does not exist. */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

function isDenied(error: unknown): boolean {
  const code = codeOf(error);
  return code === "EACCES" || code === "EPERM" || code === "EROFS";
}

/**
 * Renames a file or a folder. On Windows this fails while a virus scanner or an indexer has the file open, so it is
 * retried for up to 75 ms.
 */
export function rename(from: string, to: string): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      renameSync(from, to);
      return;
    } catch (error) {
      if (attempt === RENAME_ATTEMPTS || !isFileBusy(error)) throw error;
      pause(FIRST_RENAME_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}

function isFileBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code === "EPERM" || code === "EACCES" || code === "EBUSY";
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** The names in a folder; empty if there is no such folder. */
export function namesIn(folder: string): string[] {
  return wrapFsError("list the folder", folder, () => unlessMissing([], () => readdirSync(folder)));
}

/** The subfolders of a folder; links are not followed. */
export function foldersIn(folder: string): string[] {
  const entries = wrapFsError("list the folder", folder, () =>
    unlessMissing([], () => readdirSync(folder, { withFileTypes: true })),
  );
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** The size of a file in bytes; 0 if there is no such file. Links are not followed. */
export function sizeOf(path: string): number {
  return wrapFsError("inspect the file", path, () => unlessMissing(0, () => lstatSync(path).size));
}

/** The result of a step, or a substitute if the file does not exist. */
export function unlessMissing<Result>(substitute: Result, step: () => Result): Result {
  try {
    return step();
  } catch (error) {
    if (isMissing(error)) return substitute;
    throw error;
  }
}
