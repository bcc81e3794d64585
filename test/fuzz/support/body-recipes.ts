import fc from "fast-check";
import { validBodies } from "../../support/bodies.js";
import { OPERATIONS, resolved, type Schema } from "../../support/document.js";
import { BODY_VARIANTS } from "./body-variants.js";
import { ORDINARY_VALUES } from "./ordinary-values.js";
import { UNUSUAL_VALUES } from "./unusual-values.js";

/** Describes a body: printed on failure, and built anew each time. */
export interface Recipe {
  /** A valid body. */
  readonly base: unknown;
  /** The index of the changed place among all places. */
  readonly at: number;
  readonly way: "none" | "replace" | "add" | "remove";
  /** The name of the inserted value. */
  readonly value: string;
  /** The field of an added value. */
  readonly field: string;
  /** A second value, inserted at the top level of the body. */
  readonly extra: { readonly field: string; readonly value: string } | null;
  /** The variant of the whole body. */
  readonly variant: string;
}

type Path = readonly (string | number)[];

const VALUES = new Map([...UNUSUAL_VALUES, ...ORDINARY_VALUES].map((value) => [value.name, value]));

const STRANGE_FIELDS = ["unknown", "__proto__", "constructor", "toString", "hasOwnProperty", "toJSON", "then", "", "0"];
const OUR_FIELDS = ["id", "_created_at", "_updated_at", "loss", "accuracy", "metrics", "predictions", "NaN", "length"];

/** The schema of the body of an operation. */
export function requestOf(name: string): Schema {
  const found = OPERATIONS.find((operation) => operation.name === name);
  if (found === undefined) throw new Error(`The document has no ${name}`);
  return found.request;
}

/** Recipes for a schema: some valid bodies, most with one or two unusual values. */
export function recipes(schema: Schema, without: readonly string[] = []): fc.Arbitrary<Recipe> {
  const known = Object.keys(resolved(schema).properties ?? {}).filter((field) => !without.includes(field));
  const field = fc.constantFrom(...known, ...known, ...STRANGE_FIELDS, ...OUR_FIELDS);
  const unusual = fc.constantFrom(...UNUSUAL_VALUES.map(({ name }) => name));
  const value = fc.oneof({ weight: 3, arbitrary: unusual }, fc.constantFrom(...VALUES.keys()));
  return fc.record({
    base: validBodies(schema).map((body) => withoutFields(body, without)),
    at: fc.nat({ max: 10_000 }),
    way: fc.constantFrom("none", "replace", "replace", "replace", "add", "add", "remove"),
    value,
    field,
    extra: fc.option(fc.record({ field, value }), { freq: 3 }),
    variant: fc.oneof({ weight: 3, arbitrary: fc.constant("plain") }, fc.constantFrom(...Object.keys(BODY_VARIANTS))),
  });
}

/** Builds the body, with additional fields. */
export function build(recipe: Recipe, fields: object = {}): unknown {
  const { base, way, value, field, extra, variant } = recipe;
  const body: unknown = { ...structuredClone(Object(base)), ...fields };
  const paths = placesIn(body);
  const path = paths[recipe.at % paths.length] ?? [];
  const changed = change(body, path, way, field, value);
  if (!isContainer(body) || changed !== body) return changed;
  if (extra !== null) put(body, extra.field, unusualValue(extra.value));
  return BODY_VARIANTS[variant]?.(body);
}

/** What is expected of the inserted values, independent of the schema. */
export interface Expectation {
  /** At least one must be rejected. */
  readonly isRejected: boolean;
  /** JSON represents all of them unchanged. */
  readonly areRepresentable: boolean;
}

export function expectationOf({ way, value, field, extra, variant }: Recipe): Expectation {
  const names = [...(way === "replace" || way === "add" ? [value] : []), ...(extra === null ? [] : [extra.value])];
  const keeps = names.map((name) => VALUES.get(name)?.isRepresentable);
  const fields = [way === "add" ? field : "", extra?.field];
  // Inherited fields are ignored, the second value may overwrite the first, and toJSON decides for itself.
  const isVisible = variant !== "inherited" && names.length === 1 && !fields.includes("toJSON");
  return {
    isRejected: isVisible && keeps.includes(false),
    areRepresentable:
      !fields.includes("__proto__") &&
      keeps.every((isRepresentable) => isRepresentable === true) &&
      !names.some(isNonFinite),
  };
}

/** JSON would write null for it, which is not an integer. */
function isNonFinite(name: string): boolean {
  return /NaN|Infinity/.test(name);
}

function change(body: unknown, path: Path, way: Recipe["way"], field: string, value: string): unknown {
  const [owner, last] = [at(body, path.slice(0, -1)), path.at(-1)];
  if (way === "none") return body;
  if (way === "add") {
    const target = at(body, path);
    if (Array.isArray(target)) target.push(unusualValue(value));
    else put(isContainer(target) ? target : owner, field, unusualValue(value));
    return body;
  }
  if (last === undefined) return way === "replace" ? unusualValue(value) : body;
  if (way === "replace") put(owner, last, unusualValue(value));
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

/** Defines an own field of any name, as JSON.parse does. */
function put(owner: unknown, field: string | number, value: unknown): void {
  if (!isContainer(owner)) return;
  if (Array.isArray(owner) && typeof field === "string") owner.push(value);
  else Reflect.defineProperty(owner, field, { value, writable: true, enumerable: true, configurable: true });
}

function unusualValue(name: string): unknown {
  return VALUES.get(name)?.make();
}

function withoutFields(body: unknown, fields: readonly string[]): unknown {
  return Object.fromEntries(Object.entries(Object(body)).filter(([field]) => !fields.includes(field)));
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
