/** Puts a newer OpenAPI document in the place of ours and generates types and schemas from it. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DOCUMENT, node, ROOT } from "./project.js";
import { changesOf, described } from "./schema-changes.js";
import { type Newer, runCommand } from "./schema-command.js";
import { SchemaError } from "./schema-error.js";
import { redocly } from "./schema-redocly.js";

const HELP = `npm run schema:update -- FILE_OR_URL

Takes an OpenAPI 3.1 document (YAML or JSON, in one file) over as ${DOCUMENT}: checks it with Redocly by the rules
of redocly.yaml, tells what it changes, writes it and generates types and schemas. Where a step fails, the old document
and what was generated from it stay as they are.

Exit code: 0 it was taken over, 3 wrong usage or a document that cannot be taken over.`;

await runCommand(HELP, async (newer) => {
  await check(newer);
  console.log(described(await changesOf(newer)));
  const old = await readFile(join(ROOT, DOCUMENT), "utf8");
  await write(newer.text);
  const { code, stdout, stderr } = await node(["--import", "tsx", join(ROOT, "scripts", "generate.ts")]);
  if (code !== 0) {
    await write(old);
    throw new SchemaError(
      `Nothing could be generated from ${newer.source}, and ${DOCUMENT} is as it was.\n\n${stderr}`,
    );
  }
  console.log(`\nwrote ${DOCUMENT}\n${stdout.trim()}\nNext: npm run typecheck && npm test`);
  return 0;
});

async function check(newer: Newer): Promise<void> {
  const { isContent, findings } = await redocly(newer, "lint", newer.path, "--format=stylish");
  if (isContent) return;
  throw new SchemaError(
    `${newer.source} breaks the rules of redocly.yaml; ${DOCUMENT} is as it was. Mend the document and try again:\n\n${findings}`,
  );
}

/** In one step: whoever reads the document meanwhile reads the old one or the new one. */
async function write(text: string): Promise<void> {
  const path = join(ROOT, DOCUMENT);
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}
