import { parseRow } from "./rows.js";

/** The step and the split are the first fields of a row, as this package and the Python client write it. */
const STEP_AND_SPLIT = /^\{"step": ?(-?\d{1,15}), ?"split": ?"([a-z]+)"/;

/** The step and the split of a row of metrics; undefined if the line is none. */
export function stepOfRow(line: string): { readonly step: number; readonly split: string } | undefined {
  const [, digits, name] = STEP_AND_SPLIT.exec(line) ?? [];
  if (digits !== undefined && name !== undefined) return { step: Number(digits), split: name };
  const { step, split } = parseRow(line) ?? {};
  return typeof step === "number" && typeof split === "string" ? { step, split } : undefined;
}
