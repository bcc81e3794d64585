import { Ajv2020 } from "ajv/dist/2020.js";
import standalone from "ajv/dist/standalone/index.js";
import formats from "ajv-formats";
import { build } from "esbuild";
import * as z from "zod";
import { ROOT, SCHEMA_FILE } from "./project.js";

const SCHEMA = "/content/application~1json/schema";

const reader = z.object({
  paths: z.record(
    z.string(),
    z.object({
      post: z.object({
        operationId: z.string(),
        responses: z.record(z.string(), z.object({ $ref: z.string().optional() })),
      }),
    }),
  ),
});

/** The text of generated/validators.js: the schemas of the request and response bodies as functions that need no Ajv. */
export async function validatorsOf(document: object): Promise<string> {
  const pointers: string[] = [];
  const validator = (pointer: string): string => {
    if (!pointers.includes(pointer)) pointers.push(pointer);
    return `validate.v${pointers.indexOf(pointer)}`;
  };
  const operations = Object.entries(reader.parse(document).paths).map(([path, { post }]) => {
    const at = `/paths/${path.replaceAll("/", "~1")}/post`;
    const responses = Object.entries(post.responses).map(([status, { $ref }]) => {
      const pointer = $ref?.replace(/^#/, "") ?? `${at}/responses/${status}`;
      return `${JSON.stringify(status)}: ${validator(pointer + SCHEMA)}`;
    });
    const request = validator(`${at}/requestBody${SCHEMA}`);
    return `${post.operationId}: { path: ${JSON.stringify(path)}, request: ${request}, responses: { ${responses.join(", ")} } },`;
  });
  const key = validator("/components/parameters/IdempotencyKey/schema");
  return bundled(
    compiled(document, pointers),
    `import * as validate from "validators";
export const routes = { ${operations.join("\n")} };
export const idempotencyKeyValidator = ${key};`,
  );
}

function compiled(document: object, pointers: readonly string[]): string {
  const options = { strict: false, strictNumbers: true, allErrors: true, code: { source: true, esm: true } };
  const ajv = new Ajv2020(options);
  formats.default(ajv);
  ajv.addSchema(document, SCHEMA_FILE);
  const references = pointers.map((pointer, at) => [`v${at}`, `${SCHEMA_FILE}#${encodeURI(pointer)}`]);
  return standalone.default(ajv, Object.fromEntries(references));
}

/** Inlines what the compiled functions require of Ajv and ajv-formats. */
async function bundled(validators: string, entry: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: ROOT },
    absWorkingDir: ROOT,
    preserveSymlinks: true,
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    plugins: [
      {
        name: "validators",
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^validators$/ }, ({ path }) => ({ path, namespace: "compiled" }));
          onLoad({ filter: /.*/, namespace: "compiled" }, () => ({ contents: validators, resolveDir: ROOT }));
        },
      },
    ],
  });
  return outputFiles[0]?.text ?? "";
}

/** The text of generated/validators.d.ts. */
export const VALIDATOR_TYPES = `import type { operations } from "./types.js";

/** One violation of a schema, as Ajv reports it. */
export interface SchemaError {
  readonly keyword: string;
  /** The JSON pointer of the invalid value. */
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

/** Checks a value against a schema. \`errors\` has the violations of the last invalid value. */
export interface Validator<Value> {
  (value: unknown): value is Value;
  errors?: readonly SchemaError[] | null;
}

/** The path and the validators of each operation. */
export const routes: {
  readonly [Name in keyof operations]: {
    readonly path: string;
    readonly request: Validator<operations[Name]["requestBody"]["content"]["application/json"]>;
    /** By status, as in the schema, such as "201" or "4XX". */
    readonly responses: Readonly<Record<string, Validator<unknown>>>;
  };
};

/** Checks the Idempotency-Key of a request. */
export const idempotencyKeyValidator: Validator<string>;
`;
