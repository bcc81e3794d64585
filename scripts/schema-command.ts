import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SchemaError } from "./schema-error.js";
import { readSchema } from "./schema-source.js";

/** The exit code for wrong usage and for a schema that cannot be read, compared or applied. */
const NOTHING_DONE = 3;

/** A newer schema: the file or URL that the caller gave, its text, and the path of a copy. */
export interface Newer {
  readonly source: string;
  readonly text: string;
  readonly path: string;
}

/** Runs a command that takes one schema, and sets the exit code that it returns. */
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
    const text = await readSchema(source);
    const path = join(folder, "newer.yaml");
    await writeFile(path, text);
    process.exitCode = await work({ source, text, path });
  } catch (error) {
    // Not rethrown: Node's exit code for an error, 1, has another meaning here.
    console.error(error instanceof SchemaError ? error.message : error);
    process.exitCode = NOTHING_DONE;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
