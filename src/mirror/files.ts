import { mkdirSync } from "node:fs";
import { MirrorError } from "../errors.js";

/** Files of the mirror are their owner's alone. */
export const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** Runs a step on a file; what the system says becomes a MirrorError that names the file. */
export function onFile<Result>(action: string, path: string, step: () => Result): Result {
  try {
    return step();
  } catch (cause) {
    throw cause instanceof MirrorError ? cause : new MirrorError(`Cannot ${action}`, path, cause);
  }
}

/** Makes a folder and those above it. */
export function makeFolder(path: string): void {
  onFile("make the folder", path, () => mkdirSync(path, { recursive: true, mode: FOLDER_MODE }));
}

/** Whether an error of the system says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
