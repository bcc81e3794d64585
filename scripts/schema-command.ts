import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SchemaError } from "./schema-error.js";
import { readDocument } from "./schema-source.js";

/** The exit code of wrong usage and of a document that cannot be read, compared or taken over. */
const NOTHING_DONE = 3;

/** A newer document: where the caller says it is, its text, and a copy of it on the disk. */
export interface Newer {
  readonly source: string;
  readonly text: string;
  readonly path: string;
}

/** Runs a command that takes one document, and sets the exit code that it answers. */
export async function runCommand(help: string, work: (newer: Newer) => Promise<number>): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes("--help") || args.includes("-h")) {
    console.log(help);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), "evsys-schema-"));
  try {
    const [source, ...others] = args;
    if (source === undefined || others.length > 0) throw new SchemaError(`Give one file or URL.\n\n${help}`);
    const text = await readDocument(source);
    const path = join(folder, "newer.yaml");
    await writeFile(path, text);
    process.exitCode = await work({ source, text, path });
  } catch (error) {
    // Node's own exit code for an error, 1, means something here.
    console.error(error instanceof SchemaError ? error.message : error);
    process.exitCode = NOTHING_DONE;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
