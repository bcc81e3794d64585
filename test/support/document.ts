import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { parse } from "yaml";
import { REPOSITORY } from "./folders.js";

/** The part of JSON Schema that the document uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly minProperties?: number;
}

/** A kind of content with its schema and its example. */
interface Content {
  readonly [type: string]: { readonly schema: Schema; readonly example?: unknown };
}

interface Operation {
  readonly operationId: string;
  readonly requestBody: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content; readonly $ref?: string }>>;
}

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, { readonly post: Operation }>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, { readonly content: Content }>>;
    readonly parameters: Readonly<Record<string, { readonly schema: Schema; readonly example: unknown }>>;
  };
}

export const DOCUMENT_PATH = join(REPOSITORY, "openapi", "evsys-sdk.yaml");
export const DOCUMENT: OpenApiDocument = parse(readFileSync(DOCUMENT_PATH, "utf8"));

const ajv = new Ajv2020({ strict: false });
formats.default(ajv);
ajv.addSchema(DOCUMENT, "document");

/** Ajv's verdict on a schema of the document: one of its named schemas by reference, or one in place. */
export function judgeOf(schema: Schema): ValidateFunction {
  const reference = schema.$ref;
  return ajv.compile(reference === undefined ? schema : { $ref: `document${reference}` });
}

/** The schema itself, where there is only a reference to it. */
export function resolved(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const found = DOCUMENT.components.schemas[schema.$ref.replace("#/components/schemas/", "")];
  if (found === undefined) throw new Error(`The document has no ${schema.$ref}`);
  return resolved(found);
}

/** The operations by their id, with the schemas of what is sent and of what is answered when it went well. */
export const OPERATIONS = Object.values(DOCUMENT.paths).map(({ post }) => {
  const [success] = Object.entries(post.responses).filter(([status]) => status.startsWith("2"));
  const request = post.requestBody.content["application/json"]?.schema;
  const answer = success?.[1].content?.["application/json"]?.schema;
  if (request === undefined || answer === undefined) throw new Error(`${post.operationId} has no JSON`);
  return { name: post.operationId, request, answer };
});
