import { type OperationName, ROUTES } from "../api/routes.js";

/** A number that JSON cannot carry: the field it stands in and its value. */
export interface NonFinite {
  readonly field: string;
  readonly value: number;
  /** How many such values of the field there are. Default 1. */
  readonly count?: number;
}

/**
 * The form of a body that the wire can carry. A series that is not finite is left out of `metrics`; elsewhere a
 * non-finite number becomes null.
 */
export function wireForm(
  name: OperationName,
  fields: Readonly<Record<string, unknown>>,
): { wire: Record<string, unknown>; nonFinite: NonFinite[] } {
  const nonFinite: NonFinite[] = [];
  const hasSeries = "metrics" in ROUTES[name].body.shape;
  const entries = Object.entries(fields).map(([field, value]) => [
    field,
    hasSeries && field === "metrics" ? finiteSeries(value, nonFinite) : nulled(value, field, nonFinite),
  ]);
  return { wire: Object.fromEntries(entries), nonFinite };
}

function finiteSeries(series: unknown, found: NonFinite[]): unknown {
  if (typeof series !== "object" || series === null) return series;
  const entries = Object.entries(series).filter(([field, value]) => {
    if (typeof value !== "number" || Number.isFinite(value)) return true;
    found.push({ field, value });
    return false;
  });
  return Object.fromEntries(entries);
}

function nulled(value: unknown, field: string, found: NonFinite[]): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) {
    found.push({ field, value });
    return null;
  }
  if (Array.isArray(value)) return value.map((item) => nulled(item, field, found));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, nulled(item, `${field}.${key}`, found)]));
}
