import fc from "fast-check";
import { resolved, type Schema } from "./document.js";

// `__proto__` has its own tests.
const key = fc.string({ minLength: 0, maxLength: 8 }).filter((name) => name !== "__proto__");
const anyJson = fc.jsonValue({ maxDepth: 2 }).filter((value) => !JSON.stringify(value).includes("__proto__"));

/** Valid bodies for a schema. */
export function validBodies(schema: Schema): fc.Arbitrary<unknown> {
  const { type, ...rest } = resolved(schema);
  if (rest.const !== undefined) return fc.constant(rest.const);
  if (rest.enum !== undefined) return fc.constantFrom(...rest.enum);
  if (type === undefined) return anyJson;
  if (typeof type !== "string") return fc.oneof(...type.map((each) => validBodies({ ...rest, type: each })));
  switch (type) {
    case "string":
      return fc.string({ unit: "grapheme", minLength: rest.minLength ?? 0, maxLength: 20 });
    case "integer":
      return fc.oneof(fc.maxSafeInteger(), fc.nat(100), fc.constant(-0));
    case "number":
      return fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer());
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array":
      return fc.array(validBodies(rest.items ?? {}), { minLength: rest.minItems ?? 0, maxLength: 4 });
    case "object":
      return validObjects(rest);
    default:
      throw new Error(`No bodies for the type ${type}`);
  }
}

function validObjects({ properties = {}, required = [], additionalProperties }: Schema): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, validBodies(schema)]));
  const known: fc.Arbitrary<object> = fc.record(fields, { requiredKeys: [...required], noNullPrototype: true });
  if (additionalProperties === false) return known;
  const further = typeof additionalProperties === "object" ? validBodies(additionalProperties) : anyJson;
  const others = fc.dictionary(key, further, { maxKeys: 4, noNullPrototype: true });
  return fc.tuple(others, known).map(([other, own]) => {
    const unknownFields = Object.entries(other).filter(([name]) => !(name in properties));
    return { ...Object.fromEntries(unknownFields), ...own };
  });
}

const UNUSUAL_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e-7,
  "",
  "text",
  "1",
  "pending",
  "train",
  "eval",
  [],
  [1],
  ["a"],
  [{}],
  {},
  { a: 1 },
  { a: "x" },
  { a: null },
];

type Path = readonly (string | number)[];

/** Bodies with one value added, removed or replaced at any depth; most are invalid. */
export function changedBodies(schema: Schema): fc.Arbitrary<unknown> {
  const change = fc.record({
    at: fc.nat(),
    way: fc.constantFrom("replace", "replace", "remove", "add"),
    unusual: fc.constantFrom(...UNUSUAL_VALUES),
    name: fc.constantFrom("unknown", "id", "Status", "step ", "", "metric", "experiment_name", "reward"),
  });
  return fc.tuple(validBodies(schema), change).map(([body, { at, way, unusual, name }]) => {
    const copy: unknown = structuredClone(body);
    const paths = pathsOf(copy);
    const path = paths[at % paths.length] ?? [];
    if (path.length === 0 && way !== "add") return unusual;
    const [owner, last] = [valueAt(copy, path.slice(0, -1)), path.at(-1) ?? ""];
    const target = valueAt(copy, path);
    if (way === "replace") put(owner, last, unusual);
    else if (way === "remove") remove(owner, last);
    else if (Array.isArray(target)) target.push(unusual);
    else put(target, name, unusual);
    return copy;
  });
}

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const steps = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [path, ...steps.flatMap((step) => pathsOf(Reflect.get(value, step), [...path, step]))];
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce((each: unknown, step) => (isContainer(each) ? Reflect.get(each, step) : undefined), value);
}

function put(owner: unknown, step: string | number, value: unknown): void {
  if (isContainer(owner)) Reflect.set(owner, step, value);
}

function remove(owner: unknown, step: string | number): void {
  if (Array.isArray(owner)) owner.splice(Number(step), 1);
  else if (isContainer(owner)) Reflect.deleteProperty(owner, step);
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
