import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    readonly temporaryFiles: string;
  }
}

/**
 * Makes the folder of all temporary folders, which is removed after the last test. Removing each at the end of its test
 * takes a tenth of the time: a file system such as ext4 does not reuse an inode for some seconds, and searches for
 * another one each time that a file is made.
 */
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "evsys-test-"));
  project.provide("temporaryFiles", folder);
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
