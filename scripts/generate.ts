/**
 * Writes generated/ from openapi/evsys-sdk.yaml: types by openapi-typescript, zod schemas by @hey-api/openapi-ts, validators
 * by Ajv, and the schema itself as JSON; and the viewer's assets from src/viewer/browser. With --check it writes nothing and
 * fails for every file that is outdated.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient, type UserConfig } from "@hey-api/openapi-ts";
import openapiTS, { astToString } from "openapi-typescript";
import { parse } from "yaml";
import { VALIDATOR_TYPES, validatorsOf } from "./generate-validators.js";
import { viewerAssets } from "./viewer-assets.js";

const SCHEMA_PATH = fileURLToPath(new URL("../openapi/evsys-sdk.yaml", import.meta.url));
const TARGET = fileURLToPath(new URL("../generated", import.meta.url));
const SOURCE =
  "Generated from openapi/evsys-sdk.yaml by `npm run generate`. Do not edit: change the schema and generate again.";
const HEADER = `// ${SOURCE}\n`;

type ZodPlugin = Extract<NonNullable<UserConfig["plugins"]>[number], { name: "zod" }>;
type ObjectResolver = NonNullable<NonNullable<ZodPlugin["~resolvers"]>["object"]>;

/** Closed or open as in the schema; without this, the generated schemas would drop unknown fields silently. */
const resolveObject: ObjectResolver = (context) => {
  const { $, nodes, schema, symbols, walk, walkerCtx } = context;
  const further = schema.additionalProperties;
  if (further && further.type === "never") {
    return $(symbols.z).attr("strictObject").call(nodes.shape(context));
  }
  if (!further || further.type === undefined || further.type === "unknown") {
    return $(symbols.z).attr("looseObject").call(nodes.shape(context));
  }
  // A catchall checks a row of series twice as fast as z.record.
  const value = context.applyModifiers(walk(further, walkerCtx), {}).expression;
  return $(symbols.z).attr("object").call(nodes.shape(context)).attr("catchall").call(value);
};

async function typesOf(): Promise<string> {
  const nodes = await openapiTS(new URL(`file://${SCHEMA_PATH}`), {
    rootTypes: true,
    rootTypesNoSchemaPrefix: true,
    rootTypesKeepCasing: true,
    immutable: true,
    defaultNonNullable: false,
  });
  const text = astToString(nodes).replace(/^export interface (paths|components) /gm, "/** @hidden */\n$&");
  return HEADER + text;
}

async function schemasOf(): Promise<string> {
  const output = await mkdtemp(join(tmpdir(), "evsys-zod-"));
  try {
    await createClient({
      input: SCHEMA_PATH,
      output: { path: output },
      logs: { level: "silent", file: false },
      plugins: [
        {
          name: "zod",
          requests: false,
          responses: false,
          dates: { offset: true },
          "~resolvers": { object: resolveObject },
        },
      ],
    });
    const generated = await readFile(join(output, "zod.gen.ts"), "utf8");
    return HEADER + generated.replace(/^\/\/.*\n\n?/, "");
  } finally {
    await rm(output, { recursive: true, force: true });
  }
}

const document: object = parse(await readFile(SCHEMA_PATH, "utf8"));
const files = new Map([
  ["types.ts", await typesOf()],
  ["schemas.ts", await schemasOf()],
  ["validators.js", HEADER + (await validatorsOf(document))],
  ["validators.d.ts", HEADER + VALIDATOR_TYPES],
  ["viewer-assets.ts", await viewerAssets()],
  ["openapi.json", `${JSON.stringify({ "x-generated": SOURCE, ...document }, undefined, 2)}\n`],
]);

if (process.argv.includes("--check")) {
  const present = await readdir(TARGET).catch(() => []);
  const strays = present.filter((name) => !files.has(name)).map((name) => `generated/${name}: not generated`);
  const drifted: string[] = [];
  for (const [name, text] of files) {
    const current = await readFile(join(TARGET, name), "utf8").catch(() => "");
    if (current !== text) drifted.push(`generated/${name}: differs from the schema`);
  }
  const findings = [...drifted, ...strays];
  for (const finding of findings) console.error(finding);
  if (findings.length > 0) {
    console.error("Run `npm run generate` and commit the result.");
    process.exitCode = 1;
  } else {
    console.log(`generated/ is up to date with openapi/evsys-sdk.yaml: ${[...files.keys()].join(", ")}`);
  }
} else {
  await rm(TARGET, { recursive: true, force: true });
  await mkdir(TARGET, { recursive: true });
  for (const [name, text] of files) await writeFile(join(TARGET, name), text);
  console.log(`wrote ${[...files.keys()].map((name) => `generated/${name}`).join(", ")}`);
}
