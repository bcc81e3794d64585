/** A number as JSON can hold it: a non-finite one by its name. */
export type Scalar = number | "NaN" | "Infinity" | "-Infinity";

/** A number of a mirror as JSON can hold it; null where it is no number. */
export function scalarOf(value: unknown): Scalar | null {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "number") return null;
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}
