import { isObject } from "../util/objects.js";

/** Makes a value safe for JSON: non-finite numbers and integers of more than 53 bits become strings. */
export function toJsonSafe(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(toJsonSafe);
  return isObject(value) ? jsonSafeFields(value) : value;
}

/** Makes the fields of an object safe for JSON. */
export function jsonSafeFields(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, toJsonSafe(value)]));
}
