import { type BenchRow, isReached } from "./row.js";

const HEADINGS = ["measure", "floor", "ours", "ratio", "goal", "reached"];

/** The rows as one table, with their notes below it. */
export function tableOf(rows: readonly BenchRow[]): string {
  const cells = [HEADINGS, ...rows.map(cellsOf)];
  const widths = HEADINGS.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  const [headings = "", ...lines] = cells.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  "),
  );
  const rule = "─".repeat(headings.length);
  const notes = rows.flatMap(({ measure, note }) => (note === undefined ? [] : [`${measure}: ${note}`]));
  return [headings, rule, ...lines, rule, ...notes].join("\n");
}

function cellsOf(row: BenchRow): string[] {
  const { measure, floor, ours, ratio, goal, isPeer } = row;
  const reached = isReached(row);
  return [
    measure,
    floor === undefined ? "" : amount(floor, row),
    amount(ours, row),
    ratio === undefined ? "" : `${short(ratio)}x`,
    isPeer ? "peer" : goal === undefined ? "" : goalOf(row),
    reached === undefined ? "" : reached ? "yes" : "NO",
  ];
}

function goalOf({ goal, unit }: BenchRow): string {
  const limit = goal?.atMost ?? goal?.atLeast ?? 0;
  const sign = goal?.atMost === undefined ? "≥" : "≤";
  return goal?.of === "ratio" ? `${sign} ${limit}x` : `${sign} ${limit} ${unit}`;
}

function amount(value: number, { unit }: BenchRow): string {
  return `${short(value)} ${unit}`;
}

/** Formats a number with three significant digits: more are noise. */
function short(value: number): string {
  const digits = Number.isInteger(value) || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
