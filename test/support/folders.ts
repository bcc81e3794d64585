import { appendFileSync, mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { inject } from "vitest";

/** The path of the repository. */
export const REPOSITORY = join(import.meta.dirname, "..", "..");

/** A new empty folder, removed after the last test. */
export function temporaryFolder(): string {
  return mkdtempSync(join(inject("temporaryFiles"), "test-"));
}

/** Appends text to a file, creating its folder if needed. */
export function appendText(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  appendFileSync(join(root, path), text);
}

/** All relative paths below a folder, sorted. */
export function pathsBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
}

const MIRRORED =
  /^(experiments\/[^/]+\/experiment\.json|generations\/[^/]+\/(generation\.json|(metrics|evals|checkpoints|predictions)(\.\d+)?\.jsonl))$/;

/** The files with documents and rows, of any writer; other files of a mirror are internal. */
export function mirrored(root: string): string[] {
  return pathsBelow(root).filter((path) => MIRRORED.test(path));
}
