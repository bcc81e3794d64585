import { isObject } from "../util/objects.js";
import { type JsonSchema, type NamedSchemas, typesOf } from "./json-schema.js";

/** Which fields a body contains. */
export type Extent = "every field" | "required fields only";

/** Values by field name, which take precedence over the schema's example; undefined omits an optional field. */
export type FieldValues = ReadonlyMap<string, unknown>;

const TEXT = "contract-test";
const FORMATS: Readonly<Record<string, string>> = {
  uuid: "6f0c2a0e-3c1b-4c1a-9a2f-0f2f5f1f9e11",
  "date-time": "2025-01-01T00:00:00Z",
  date: "2025-01-01",
  uri: "https://contract-test.example/",
  email: "contract-test@example.com",
};

/** Generates bodies that match a schema. */
export class Sampler {
  readonly #schemas: NamedSchemas;
  readonly #extent: Extent;
  readonly #given: FieldValues;

  constructor(schemas: NamedSchemas, extent: Extent, given: FieldValues) {
    this.#schemas = schemas;
    this.#extent = extent;
    this.#given = given;
  }

  /** A valid value, taken from the example where possible. */
  value(schema: JsonSchema, example?: unknown): unknown {
    const flat = this.#schemas.flat(schema);
    const hint = example ?? flat.example ?? flat.default;
    if (flat.properties !== undefined) return this.#object(flat, flat.properties, hint);
    if (flat.items !== undefined) return this.#list(flat, flat.items, hint);
    if (hint !== undefined) return hint;
    if (flat.const !== undefined) return flat.const;
    if (flat.enum !== undefined) return flat.enum.find((each) => each !== null);
    return this.#plain(flat);
  }

  #object(
    schema: JsonSchema,
    properties: Readonly<Record<string, JsonSchema>>,
    hint: unknown,
  ): Record<string, unknown> {
    const names = this.#names(schema, Object.keys(properties));
    const fields = names.map((name): [string, unknown] => {
      if (this.#given.has(name)) return [name, this.#given.get(name)];
      const known = isObject(hint) ? hint[name] : undefined;
      return [name, this.value(properties[name] ?? {}, known)];
    });
    return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
  }

  #names({ required = [], minProperties = 0 }: JsonSchema, all: readonly string[]): readonly string[] {
    if (this.#extent === "every field") return all;
    const optional = all.filter((name) => !required.includes(name));
    return [...required, ...optional.slice(0, Math.max(0, minProperties - required.length))];
  }

  #list({ minItems = 1 }: JsonSchema, items: JsonSchema, hint: unknown): unknown[] {
    const hints: readonly unknown[] = Array.isArray(hint) ? hint : [];
    const length = Math.max(1, minItems, hints.length);
    return Array.from({ length }, (_, at) => this.value(items, hints[at]));
  }

  #plain(schema: JsonSchema): unknown {
    const { additionalProperties, format = "", minLength = 0, minimum = 0 } = schema;
    const [type] = typesOf(schema).filter((each) => each !== "null");
    if (type === "integer" || type === "number") return Math.max(1, Math.ceil(minimum));
    if (type === "boolean") return true;
    if (type === "array") return [TEXT];
    if (type !== "object") return FORMATS[format] ?? TEXT.padEnd(minLength, "-");
    return { contract_test: isObject<JsonSchema>(additionalProperties) ? this.value(additionalProperties) : TEXT };
  }
}
