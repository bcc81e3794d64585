import { lstatSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { MirrorError } from "../errors.js";
import { codeOf } from "../util/thrown.js";

/** Files of the mirror are their owner's alone. */
export const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const RENAME_ATTEMPTS = 5;
const FIRST_RENAME_PAUSE_MS = 5;
const SET_FOLDER = "Set EVSYS_LOG_DIR (or logDir) to a folder that you may write to.";

/** Runs a step on a file; what the system says becomes a MirrorError that names the file. */
export function onFile<Result>(action: string, path: string, step: () => Result, wayOutOfDenied?: string): Result {
  try {
    return step();
  } catch (cause) {
    if (cause instanceof MirrorError) throw cause;
    // The system's own words speak of too many links.
    const why = codeOf(cause) === "ELOOP" ? ": links in the mirror are not followed" : "";
    throw new MirrorError(`Cannot ${action}${why}`, path, cause, isDenied(cause) ? wayOutOfDenied : undefined);
  }
}

/** Makes a folder and those above it. Returns the folders that have got a new one: the disk has yet to know of it. */
export function makeFolder(path: string): string[] {
  return onFile("make the folder", path, () => makeFolders(path), SET_FOLDER);
}

/** Node's own recursive mkdir never returns where the system takes no folders, such as below /proc. */
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

/** Whether an error of the system says that there is no such file. */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

function isDenied(error: unknown): boolean {
  const code = codeOf(error);
  return code === "EACCES" || code === "EPERM" || code === "EROFS";
}

/**
 * Renames a file or a folder. Windows refuses it for a moment while a virus scanner or an indexer has the file open, so it
 * is tried again, for 75 ms at most.
 */
export function rename(from: string, to: string): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      renameSync(from, to);
      return;
    } catch (error) {
      if (attempt === RENAME_ATTEMPTS || !isRefusedForNow(error)) throw error;
      pause(FIRST_RENAME_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}

function isRefusedForNow(error: unknown): boolean {
  const code = codeOf(error);
  return code === "EPERM" || code === "EACCES" || code === "EBUSY";
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** What is in a folder; nothing where there is no such folder. */
export function namesIn(folder: string): string[] {
  return onFile("list the folder", folder, () => unlessMissing([], () => readdirSync(folder)));
}

/** The folders in a folder; links are not followed. */
export function foldersIn(folder: string): string[] {
  const entries = onFile("list the folder", folder, () =>
    unlessMissing([], () => readdirSync(folder, { withFileTypes: true })),
  );
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** How many bytes a file has; none where there is no such file. Links are not followed. */
export function sizeOf(path: string): number {
  return onFile("look at the file", path, () => unlessMissing(0, () => lstatSync(path).size));
}

/** What a step answers, or a substitute where the file it needs is not there. */
export function unlessMissing<Result>(substitute: Result, step: () => Result): Result {
  try {
    return step();
  } catch (error) {
    if (isMissing(error)) return substitute;
    throw error;
  }
}
