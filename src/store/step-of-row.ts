import { SPLITS } from "../api/inputs.js";
import { parseRow } from "./rows.js";

/** The first fields of a row, as this package writes it. */
const STEP = '{"step":';
const SPLIT = ',"split":"';

/** The step and the split of a row of metrics; undefined if the line is none. */
export function stepOfRow(line: string): { readonly step: number; readonly split: string } | undefined {
  const comma = line.indexOf(",", STEP.length);
  if (comma > STEP.length && line.startsWith(STEP) && line.startsWith(SPLIT, comma)) {
    const start = comma + SPLIT.length;
    const step = Number(line.slice(STEP.length, comma));
    const split = line.slice(start, line.indexOf('"', start));
    if (Number.isSafeInteger(step) && SPLITS.has(split)) return { step, split };
  }
  const { step, split } = parseRow(line) ?? {};
  return typeof step === "number" && typeof split === "string" ? { step, split } : undefined;
}
