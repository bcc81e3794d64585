import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { parse } from "yaml";
import { REPOSITORY } from "./folders.js";

/** The part of JSON Schema that our OpenAPI schema uses. */
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

/** A content type with its schema and example. */
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

/** Ajv's validator for a named schema by reference, or for an inline one. */
export function validatorOf(schema: Schema): ValidateFunction {
  const reference = schema.$ref;
  return ajv.compile(reference === undefined ? schema : { $ref: `document${reference}` });
}

/** The schema that a reference names; an inline schema unchanged. */
export function resolved(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const found = DOCUMENT.components.schemas[schema.$ref.replace("#/components/schemas/", "")];
  if (found === undefined) throw new Error(`The document has no ${schema.$ref}`);
  return resolved(found);
}

/** The operations with the schemas of their requests and successful responses. */
export const OPERATIONS = Object.values(DOCUMENT.paths).map(({ post }) => {
  const [success] = Object.entries(post.responses).filter(([status]) => status.startsWith("2"));
  const request = post.requestBody.content["application/json"]?.schema;
  const responseBody = success?.[1].content?.["application/json"]?.schema;
  if (request === undefined || responseBody === undefined) throw new Error(`${post.operationId} has no JSON`);
  return { name: post.operationId, request, response: responseBody };
});
