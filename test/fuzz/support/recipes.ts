import fc from "fast-check";
import { fitting } from "../../support/bodies.js";
import { OPERATIONS, resolved, type Schema } from "../../support/document.js";
import { EVERYDAY } from "./everyday.js";
import { HOSTILE } from "./hostile.js";
import { WRAPPINGS } from "./wrappings.js";

/** How to make a body: what a failure prints, and what is made anew each time. */
export interface Recipe {
  /** A body that fits. */
  readonly base: unknown;
  /** Which of its places is changed, counted over all of them. */
  readonly at: number;
  readonly way: "none" | "replace" | "add" | "remove";
  /** The name of what is put there. */
  readonly value: string;
  /** The field it is put under, where it is added. */
  readonly field: string;
  /** What else is put into the body itself. */
  readonly extra: { readonly field: string; readonly value: string } | null;
  /** What the whole body is made into. */
  readonly wrapping: string;
}

type Path = readonly (string | number)[];

const VALUES = new Map([...HOSTILE, ...EVERYDAY].map((value) => [value.name, value]));

const STRANGE_FIELDS = ["unknown", "__proto__", "constructor", "toString", "hasOwnProperty", "toJSON", "then", "", "0"];
const OUR_FIELDS = ["id", "_created_at", "_updated_at", "loss", "accuracy", "metrics", "predictions", "NaN", "length"];

/** The schema of the body of an operation. */
export function requestOf(name: string): Schema {
  const found = OPERATIONS.find((operation) => operation.name === name);
  if (found === undefined) throw new Error(`The document has no ${name}`);
  return found.request;
}

/** Recipes for bodies around a schema: some that fit, most of them with a thing or two that nobody foresees. */
export function recipes(schema: Schema, without: readonly string[] = []): fc.Arbitrary<Recipe> {
  const known = Object.keys(resolved(schema).properties ?? {}).filter((field) => !without.includes(field));
  const field = fc.constantFrom(...known, ...known, ...STRANGE_FIELDS, ...OUR_FIELDS);
  const hostile = fc.constantFrom(...HOSTILE.map(({ name }) => name));
  const value = fc.oneof({ weight: 3, arbitrary: hostile }, fc.constantFrom(...VALUES.keys()));
  return fc.record({
    base: fitting(schema).map((body) => withoutFields(body, without)),
    at: fc.nat({ max: 10_000 }),
    way: fc.constantFrom("none", "replace", "replace", "replace", "add", "add", "remove"),
    value,
    field,
    extra: fc.option(fc.record({ field, value }), { freq: 3 }),
    wrapping: fc.oneof({ weight: 3, arbitrary: fc.constant("plain") }, fc.constantFrom(...Object.keys(WRAPPINGS))),
  });
}

/** A body of its recipe, made anew, with fields that are known only now. */
export function made(recipe: Recipe, fields: object = {}): unknown {
  const { base, way, value, field, extra, wrapping } = recipe;
  const body: unknown = { ...structuredClone(Object(base)), ...fields };
  const paths = placesIn(body);
  const path = paths[recipe.at % paths.length] ?? [];
  const changed = change(body, path, way, field, value);
  if (!isContainer(body) || changed !== body) return changed;
  if (extra !== null) put(body, extra.field, hostileOf(extra.value));
  return WRAPPINGS[wrapping]?.(body);
}

/** What becomes of the values that are put into a body, whatever the schema says of the places. */
export interface Prospects {
  /** One of them has to be refused. */
  readonly areRefused: boolean;
  /** All of them are kept by JSON, as they are. */
  readonly areKept: boolean;
}

export function prospectsOf({ way, value, field, extra, wrapping }: Recipe): Prospects {
  const names = [...(way === "replace" || way === "add" ? [value] : []), ...(extra === null ? [] : [extra.value])];
  const keeps = names.map((name) => VALUES.get(name)?.isKept);
  const fields = [way === "add" ? field : "", extra?.field];
  // What lies on the prototype is not looked at; the second value may lie over the first one; toJSON answers for itself.
  const isVisible = wrapping !== "inherited" && names.length === 1 && !fields.includes("toJSON");
  return {
    areRefused: isVisible && keeps.includes(false),
    areKept: !fields.includes("__proto__") && keeps.every((isKept) => isKept === true) && !names.some(isNonFinite),
  };
}

/** Where an integer is due, a number that is not finite is no null, as JSON has it. */
function isNonFinite(name: string): boolean {
  return /NaN|Infinity/.test(name);
}

function change(body: unknown, path: Path, way: Recipe["way"], field: string, value: string): unknown {
  const [owner, last] = [at(body, path.slice(0, -1)), path.at(-1)];
  if (way === "none") return body;
  if (way === "add") {
    const target = at(body, path);
    if (Array.isArray(target)) target.push(hostileOf(value));
    else put(isContainer(target) ? target : owner, field, hostileOf(value));
    return body;
  }
  if (last === undefined) return way === "replace" ? hostileOf(value) : body;
  if (way === "replace") put(owner, last, hostileOf(value));
  else if (Array.isArray(owner)) owner.splice(Number(last), 1);
  else if (isContainer(owner)) Reflect.deleteProperty(owner, last);
  return body;
}

function placesIn(value: unknown, path: Path = []): Path[] {
  if (!isContainer(value)) return [path];
  const steps = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [path, ...steps.flatMap((step) => placesIn(Reflect.get(value, step), [...path, step]))];
}

function at(value: unknown, path: Path): unknown {
  return path.reduce((each: unknown, step) => (isContainer(each) ? Reflect.get(each, step) : undefined), value);
}

/** As JSON.parse would: a field of any name is a field. */
function put(owner: unknown, field: string | number, value: unknown): void {
  if (!isContainer(owner)) return;
  if (Array.isArray(owner) && typeof field === "string") owner.push(value);
  else Reflect.defineProperty(owner, field, { value, writable: true, enumerable: true, configurable: true });
}

function hostileOf(name: string): unknown {
  return VALUES.get(name)?.make();
}

function withoutFields(body: unknown, fields: readonly string[]): unknown {
  return Object.fromEntries(Object.entries(Object(body)).filter(([field]) => !fields.includes(field)));
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
