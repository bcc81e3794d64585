import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** Where the repository lies. */
export const REPOSITORY = join(import.meta.dirname, "..", "..");

/** A new empty folder, removed when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "evsys-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/** Appends text to a file below a folder, which is created if needed. */
export function appendText(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  appendFileSync(join(root, path), text);
}

/** All paths below a folder, relative to it, sorted. */
export function pathsBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
}

const MIRRORED =
  /^(experiments\/[^/]+\/experiment\.json|generations\/[^/]+\/(generation\.json|(metrics|evals|checkpoints|predictions)(\.\d+)?\.jsonl))$/;

/**
 * The files of a mirror that hold documents and rows; a writer after the first has files of a number. What else a client
 * keeps there is its own affair.
 */
export function mirrored(root: string): string[] {
  return pathsBelow(root).filter((path) => MIRRORED.test(path));
}
