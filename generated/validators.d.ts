// Generated from openapi/evsys-sdk.yaml by `npm run generate`. Do not edit: change the schema and generate again.
import type { operations } from "./types.js";

/** One violation of a schema, as Ajv reports it. */
export interface SchemaError {
  readonly keyword: string;
  /** The JSON pointer of the invalid value. */
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

/** Checks a value against a schema. `errors` has the violations of the last invalid value. */
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
