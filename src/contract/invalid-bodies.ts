import { isObject, setField } from "../util/objects.js";
import { issueAt } from "../util/validation.js";
import { type JsonSchema, type NamedSchemas, typesOf } from "./json-schema.js";

/** An invalid request body, and what is wrong with it. */
export interface InvalidBody {
  readonly what: string;
  readonly body: unknown;
}

type Path = readonly (string | number)[];

/** A field or array item of a body, with its schema. */
interface BodyField {
  readonly path: Path;
  readonly schema: JsonSchema;
  readonly value: unknown;
}

/** A field name that no schema has. */
const UNKNOWN_FIELD = "contract_test_unknown_field";

/** Invalid values by type: one that is easily coerced, and one that is not. */
const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  string: [1, { contract_test: 1 }],
  integer: ["1", 1.5, { contract_test: 1 }],
  number: ["1", { contract_test: 1 }],
  boolean: ["true", { contract_test: 1 }],
  array: ["contract-test", { contract_test: 1 }],
  object: ["contract-test", ["contract-test"]],
};

/** Bodies with an unknown field, one for each closed object. */
export function unknownFields(schemas: NamedSchemas, schema: JsonSchema, body: unknown): InvalidBody[] {
  return fieldsIn(schemas, { path: [], schema, value: body })
    .filter(({ schema: { additionalProperties } }) => additionalProperties === false)
    .map(({ path }) => fault([...path, UNKNOWN_FIELD], (field) => `with ${field}`, body, "contract-test"));
}

/** Bodies with a value of a wrong type or outside its enum, for each field. */
export function wrongValues(schemas: NamedSchemas, schema: JsonSchema, body: unknown): InvalidBody[] {
  return fieldsIn(schemas, { path: [], schema, value: body }).flatMap(({ path, schema: at, value }) => {
    const missing = Object.entries(at.properties ?? {})
      .filter(([name]) => isObject(value) && value[name] === undefined)
      .map(([name, each]): BodyField => ({ path: [...path, name], schema: schemas.flat(each), value: undefined }));
    // Fields with a value are among those of `fieldsIn`.
    return [...(path.length === 0 ? [] : [{ path, schema: at, value }]), ...missing].flatMap((place) =>
      wrongFor(place.schema).map((wrong) =>
        fault(place.path, (field) => `${field}: ${JSON.stringify(wrong)}`, body, wrong),
      ),
    );
  });
}

/** Bodies without one of the required fields or items. */
export function missingFields(schemas: NamedSchemas, schema: JsonSchema, body: unknown): InvalidBody[] {
  return fieldsIn(schemas, { path: [], schema, value: body }).flatMap(({ path, schema: at, value }) => {
    const without = (at.required ?? []).map((name) =>
      fault([...path, name], (field) => `without ${field}`, body, undefined),
    );
    const isBare = (isObject(value) && (at.minProperties ?? 0) > 0) || (Array.isArray(value) && (at.minItems ?? 0) > 0);
    if (!isBare) return without;
    const empty = Array.isArray(value) ? [] : {};
    return [...without, fault(path, (field) => `${field || "body"}: ${JSON.stringify(empty)}`, body, empty)];
  });
}

function wrongFor(schema: JsonSchema): readonly unknown[] {
  if (schema.enum !== undefined) return ["contract-test", { contract_test: 1 }];
  const types = typesOf(schema);
  return types.flatMap((type) => WRONG[type] ?? []);
}

/** A field and all nested ones; of an array, only the first item. */
function fieldsIn(schemas: NamedSchemas, { path, schema, value }: BodyField): BodyField[] {
  const flat = schemas.flat(schema);
  const within = Array.isArray(value)
    ? [{ path: [...path, 0], schema: flat.items ?? {}, value: value[0] }].slice(0, value.length)
    : Object.entries(isObject(value) ? value : {}).map(([name, each]) => {
        const rest = typeof flat.additionalProperties === "object" ? flat.additionalProperties : {};
        return { path: [...path, name], schema: flat.properties?.[name] ?? rest, value: each };
      });
  return [{ path, schema: flat, value }, ...within.flatMap((place) => fieldsIn(schemas, place))];
}

function fault(path: Path, inWords: (field: string) => string, body: unknown, value: unknown): InvalidBody {
  return { what: inWords(issueAt(path, "").field), body: changed(body, path, value) };
}

/** A copy of a body with another value at a path; undefined removes the field. */
function changed(body: unknown, [step, ...rest]: Path, value: unknown): unknown {
  if (step === undefined) return value;
  if (Array.isArray(body)) return body.map((item, at) => (at === step ? changed(item, rest, value) : item));
  const copy: Record<string, unknown> = isObject(body) ? { ...body } : {};
  const inner = changed(copy[step], rest, value);
  if (inner === undefined) delete copy[step];
  else setField(copy, String(step), inner);
  return copy;
}
