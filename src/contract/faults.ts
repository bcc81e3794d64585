import { isObject, setField } from "../util/objects.js";
import { issueAt } from "../util/validation.js";
import { type Schema, type Schemas, typesOf } from "./schema.js";

/** A body that does not fit, and what is wrong with it. */
export interface Fault {
  readonly what: string;
  readonly body: unknown;
}

type Path = readonly (string | number)[];

/** A place in a body, with the schema of what stands there. */
interface Place {
  readonly path: Path;
  readonly schema: Schema;
  readonly value: unknown;
}

/** A name that no document has. */
const UNKNOWN_FIELD = "contract_test_unknown_field";

/** Values that only look like one of a type, and one that does not even look like it. */
const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  string: [1, { contract_test: 1 }],
  integer: ["1", 1.5, { contract_test: 1 }],
  number: ["1", { contract_test: 1 }],
  boolean: ["true", { contract_test: 1 }],
  array: ["contract-test", { contract_test: 1 }],
  object: ["contract-test", ["contract-test"]],
};

/** The body with a field that the document does not have, in each of its objects that are closed. */
export function unknownFields(schemas: Schemas, schema: Schema, body: unknown): Fault[] {
  return placesIn(schemas, { path: [], schema, value: body })
    .filter(({ schema: { additionalProperties } }) => additionalProperties === false)
    .map(({ path }) => fault([...path, UNKNOWN_FIELD], (field) => `with ${field}`, body, "contract-test"));
}

/** The body with a value of a wrong type, or none of those that may be, in each of its fields. */
export function wrongValues(schemas: Schemas, schema: Schema, body: unknown): Fault[] {
  return placesIn(schemas, { path: [], schema, value: body }).flatMap(({ path, schema: at, value }) => {
    const missing = Object.entries(at.properties ?? {})
      .filter(([name]) => isObject(value) && value[name] === undefined)
      .map(([name, each]): Place => ({ path: [...path, name], schema: schemas.flat(each), value: undefined }));
    // A place that is there comes by itself.
    return [...(path.length === 0 ? [] : [{ path, schema: at, value }]), ...missing].flatMap((place) =>
      wrongFor(place.schema).map((wrong) =>
        fault(place.path, (field) => `${field}: ${JSON.stringify(wrong)}`, body, wrong),
      ),
    );
  });
}

/** The body without one of the fields, or of the items, that must be there. */
export function missingFields(schemas: Schemas, schema: Schema, body: unknown): Fault[] {
  return placesIn(schemas, { path: [], schema, value: body }).flatMap(({ path, schema: at, value }) => {
    const without = (at.required ?? []).map((name) =>
      fault([...path, name], (field) => `without ${field}`, body, undefined),
    );
    const isBare = (isObject(value) && (at.minProperties ?? 0) > 0) || (Array.isArray(value) && (at.minItems ?? 0) > 0);
    if (!isBare) return without;
    const empty = Array.isArray(value) ? [] : {};
    return [...without, fault(path, (field) => `${field || "body"}: ${JSON.stringify(empty)}`, body, empty)];
  });
}

function wrongFor(schema: Schema): readonly unknown[] {
  if (schema.enum !== undefined) return ["contract-test", { contract_test: 1 }];
  const types = typesOf(schema);
  return types.flatMap((type) => WRONG[type] ?? []);
}

/** A place and all those within it; of a list the first item stands for all. */
function placesIn(schemas: Schemas, { path, schema, value }: Place): Place[] {
  const flat = schemas.flat(schema);
  const within = Array.isArray(value)
    ? [{ path: [...path, 0], schema: flat.items ?? {}, value: value[0] }].slice(0, value.length)
    : Object.entries(isObject(value) ? value : {}).map(([name, each]) => {
        const rest = typeof flat.additionalProperties === "object" ? flat.additionalProperties : {};
        return { path: [...path, name], schema: flat.properties?.[name] ?? rest, value: each };
      });
  return [{ path, schema: flat, value }, ...within.flatMap((place) => placesIn(schemas, place))];
}

function fault(path: Path, inWords: (field: string) => string, body: unknown, value: unknown): Fault {
  return { what: inWords(issueAt(path, "").field), body: changed(body, path, value) };
}

/** A copy of a body with another value at a place; undefined takes away what is there. */
function changed(body: unknown, [step, ...rest]: Path, value: unknown): unknown {
  if (step === undefined) return value;
  if (Array.isArray(body)) return body.map((item, at) => (at === step ? changed(item, rest, value) : item));
  const copy: Record<string, unknown> = isObject(body) ? { ...body } : {};
  const inner = changed(copy[step], rest, value);
  if (inner === undefined) delete copy[step];
  else setField(copy, String(step), inner);
  return copy;
}
