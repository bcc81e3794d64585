import fc from "fast-check";
import { resolved, type Schema } from "./document.js";

// A key of this name means something else to half of JavaScript; it is judged on its own.
const key = fc.string({ minLength: 0, maxLength: 8 }).filter((name) => name !== "__proto__");
const anyJson = fc.jsonValue({ maxDepth: 2 }).filter((value) => !JSON.stringify(value).includes("__proto__"));

/** Bodies that fit a schema of the document. */
export function fitting(schema: Schema): fc.Arbitrary<unknown> {
  const { type, ...rest } = resolved(schema);
  if (rest.const !== undefined) return fc.constant(rest.const);
  if (rest.enum !== undefined) return fc.constantFrom(...rest.enum);
  if (type === undefined) return anyJson;
  if (typeof type !== "string") return fc.oneof(...type.map((each) => fitting({ ...rest, type: each })));
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
      return fc.array(fitting(rest.items ?? {}), { minLength: rest.minItems ?? 0, maxLength: 4 });
    case "object":
      return fittingObject(rest);
    default:
      throw new Error(`No bodies for the type ${type}`);
  }
}

function fittingObject({ properties = {}, required = [], additionalProperties }: Schema): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, fitting(schema)]));
  const known: fc.Arbitrary<object> = fc.record(fields, { requiredKeys: [...required], noNullPrototype: true });
  if (additionalProperties === false) return known;
  const further = typeof additionalProperties === "object" ? fitting(additionalProperties) : anyJson;
  const others = fc.dictionary(key, further, { maxKeys: 4, noNullPrototype: true });
  return fc.tuple(others, known).map(([other, own]) => {
    const strangers = Object.entries(other).filter(([name]) => !(name in properties));
    return { ...Object.fromEntries(strangers), ...own };
  });
}

const STRANGERS: readonly unknown[] = [
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

/** Bodies with one thing wrong, or at least changed, at any depth: put in, taken out, or put in place of another. */
export function changed(schema: Schema): fc.Arbitrary<unknown> {
  const change = fc.record({
    at: fc.nat(),
    way: fc.constantFrom("replace", "replace", "remove", "add"),
    stranger: fc.constantFrom(...STRANGERS),
    name: fc.constantFrom("unknown", "id", "Status", "step ", "", "metric", "experiment_name", "reward"),
  });
  return fc.tuple(fitting(schema), change).map(([body, { at, way, stranger, name }]) => {
    const copy: unknown = structuredClone(body);
    const paths = pathsOf(copy);
    const path = paths[at % paths.length] ?? [];
    if (path.length === 0 && way !== "add") return stranger;
    const [owner, last] = [valueAt(copy, path.slice(0, -1)), path.at(-1) ?? ""];
    const target = valueAt(copy, path);
    if (way === "replace") put(owner, last, stranger);
    else if (way === "remove") remove(owner, last);
    else if (Array.isArray(target)) target.push(stranger);
    else put(target, name, stranger);
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
