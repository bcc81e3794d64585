import { isObject } from "../util/objects.js";

/** A value as JSON can hold it: NaN, the infinities and integers of more than 53 bits become their names or digits. */
export function toShown(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(toShown);
  return isObject(value) ? shownFields(value) : value;
}

/** The fields of an object as JSON can hold them. */
export function shownFields(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, toShown(value)]));
}
