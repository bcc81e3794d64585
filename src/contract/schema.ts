import * as z from "zod";

/** The part of JSON Schema that bodies are made from. */
export interface Schema {
  readonly $ref?: string | undefined;
  readonly type?: string | readonly string[] | undefined;
  readonly format?: string | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: boolean | Schema | undefined;
  readonly items?: Schema | undefined;
  readonly minProperties?: number | undefined;
  readonly minItems?: number | undefined;
  readonly minLength?: number | undefined;
  readonly minimum?: number | undefined;
  readonly allOf?: readonly Schema[] | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
  readonly oneOf?: readonly Schema[] | undefined;
}

/** Reads a schema of a document; what bodies are not made from is dropped. */
export const schemaReader: z.ZodType<Schema> = z.lazy(() =>
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

/** The named schemas of a document. */
export class Schemas {
  readonly #named: Readonly<Record<string, Schema>>;

  constructor(named: Readonly<Record<string, Schema>>) {
    this.#named = named;
  }

  /** A schema without references: what it points to, joins or lets one choose from is in it. */
  flat(schema: Schema): Schema {
    const { $ref, allOf = [], anyOf, oneOf, ...own } = schema;
    const choice = (anyOf ?? oneOf)?.find(({ type }) => type !== "null");
    const parts = [
      ...($ref === undefined ? [] : [this.#at($ref)]),
      ...allOf,
      ...(choice === undefined ? [] : [choice]),
    ];
    return parts.map((part) => this.flat(part)).reduceRight(joined, own);
  }

  #at(reference: string): Schema {
    const found = this.#named[reference.replace("#/components/schemas/", "")];
    if (found === undefined) throw new Error(`The OpenAPI document has no ${reference}.`);
    return found;
  }
}

/** The JSON types that a flat schema takes; none where it says nothing of them. */
export function typesOf({ type }: Schema): readonly string[] {
  if (type === undefined) return [];
  return typeof type === "string" ? [type] : type;
}

function joined(to: Schema, from: Schema): Schema {
  const properties = { ...from.properties, ...to.properties };
  const required = [...new Set([...(from.required ?? []), ...(to.required ?? [])])];
  return {
    ...from,
    ...to,
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(required.length === 0 ? {} : { required }),
  };
}
