import * as z from "zod";

/** The JSON Schema keywords from which bodies are generated. */
export interface JsonSchema {
  readonly $ref?: string | undefined;
  readonly type?: string | readonly string[] | undefined;
  readonly format?: string | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: boolean | JsonSchema | undefined;
  readonly items?: JsonSchema | undefined;
  readonly minProperties?: number | undefined;
  readonly minItems?: number | undefined;
  readonly minLength?: number | undefined;
  readonly minimum?: number | undefined;
  readonly allOf?: readonly JsonSchema[] | undefined;
  readonly anyOf?: readonly JsonSchema[] | undefined;
  readonly oneOf?: readonly JsonSchema[] | undefined;
}

/** Parses a JSON Schema; other keywords are dropped. */
export const schemaReader: z.ZodType<JsonSchema> = z.lazy(() =>
  z.object({
    $ref: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    format: z.string().optional(),
    enum: z.array(z.unknown()).optional(),
    const: z.unknown().optional(),
    default: z.unknown().optional(),
    example: z.unknown().optional(),
    properties: z.record(z.string(), schemaReader).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([z.boolean(), schemaReader]).optional(),
    items: schemaReader.optional(),
    minProperties: z.number().optional(),
    minItems: z.number().optional(),
    minLength: z.number().optional(),
    minimum: z.number().optional(),
    allOf: z.array(schemaReader).optional(),
    anyOf: z.array(schemaReader).optional(),
    oneOf: z.array(schemaReader).optional(),
  }),
);

/** The named schemas of an OpenAPI document. */
export class NamedSchemas {
  readonly #named: Readonly<Record<string, JsonSchema>>;

  constructor(named: Readonly<Record<string, JsonSchema>>) {
    this.#named = named;
  }

  /** Resolves references, `allOf`, and the first choice of `anyOf` or `oneOf`. */
  flat(schema: JsonSchema): JsonSchema {
    const { $ref, allOf = [], anyOf, oneOf, ...own } = schema;
    const choice = (anyOf ?? oneOf)?.find(({ type }) => type !== "null");
    const parts = [
      ...($ref === undefined ? [] : [this.#at($ref)]),
      ...allOf,
      ...(choice === undefined ? [] : [choice]),
    ];
    return parts.map((part) => this.flat(part)).reduceRight(joined, own);
  }

  #at(reference: string): JsonSchema {
    const found = this.#named[reference.replace("#/components/schemas/", "")];
    if (found === undefined) throw new Error(`The OpenAPI schema has no ${reference}.`);
    return found;
  }
}

/** The JSON types that a resolved schema allows; empty if it does not restrict them. */
export function typesOf({ type }: JsonSchema): readonly string[] {
  if (type === undefined) return [];
  return typeof type === "string" ? [type] : type;
}

function joined(to: JsonSchema, from: JsonSchema): JsonSchema {
  const properties = { ...from.properties, ...to.properties };
  const required = [...new Set([...(from.required ?? []), ...(to.required ?? [])])];
  return {
    ...from,
    ...to,
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(required.length === 0 ? {} : { required }),
  };
}
