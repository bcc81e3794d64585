/** A number in JSON; non-finite ones are strings. */
export type Scalar = number | "NaN" | "Infinity" | "-Infinity";

/** Converts a number of a mirror to JSON; null if the value is not a number. */
export function scalarOf(value: unknown): Scalar | null {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "number") return null;
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}
