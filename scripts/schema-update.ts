/** Replaces our OpenAPI schema with a newer one and generates types and schemas from it. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { node, ROOT, SCHEMA_FILE } from "./project.js";
import { changesOf, formatChanges } from "./schema-changes.js";
import { type Newer, runCommand } from "./schema-command.js";
import { SchemaError } from "./schema-error.js";
import { redocly } from "./schema-redocly.js";

const HELP = `npm run schema:update -- FILE_OR_URL

Replaces ${SCHEMA_FILE} with an OpenAPI 3.1 schema (YAML or JSON, in one file): checks it with Redocly by the rules of
redocly.yaml, lists the changes, writes it and generates types and schemas. If a step fails, the old schema and the generated
files do not change.

Exit code: 0 the schema was replaced, 3 wrong usage or a schema that cannot be used.`;

await runCommand(HELP, async (newer) => {
  await check(newer);
  console.log(formatChanges(await changesOf(newer)));
  const old = await readFile(join(ROOT, SCHEMA_FILE), "utf8");
  await write(newer.text);
  const { code, stdout, stderr } = await node(["--import", "tsx", join(ROOT, "scripts", "generate.ts")]);
  if (code !== 0) {
    await write(old);
    throw new SchemaError(`Nothing could be generated from ${newer.source}; ${SCHEMA_FILE} is unchanged.\n\n${stderr}`);
  }
  console.log(`\nwrote ${SCHEMA_FILE}\n${stdout.trim()}\nNext: npm run typecheck && npm test`);
  return 0;
});

async function check(newer: Newer): Promise<void> {
  const { isValid, findings } = await redocly(newer, "lint", newer.path, "--format=stylish");
  if (isValid) return;
  throw new SchemaError(
    `${newer.source} breaks the rules of redocly.yaml; ${SCHEMA_FILE} is unchanged. Fix the schema and try again:\n\n${findings}`,
  );
}

/** Writes atomically: readers see the old schema or the new one. */
async function write(text: string): Promise<void> {
  const path = join(ROOT, SCHEMA_FILE);
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}
