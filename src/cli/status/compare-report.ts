import type { Output } from "../terminal/output.js";
import { printTable, type TableRow } from "../terminal/table.js";
import { duration, shortNumber } from "../terminal/text.js";
import type { Comparison } from "./compare.js";

const NONE = "–";
/** The maximum number of rows per part: a run may have 100,000 series. */
const MAX_ROWS = 50;

/** Prints runs side by side. */
export function printComparison(output: Output, { runs, configuration, series, evals }: Comparison): void {
  const cells = (values: readonly unknown[]): string[] =>
    values.map((value) => (value === null ? NONE : textOf(value)));
  const fields: TableRow[] = [
    { name: "run", cells: runs.map(({ name, id }) => name ?? id) },
    { name: "id", cells: runs.map(({ id }) => id) },
    { name: "status", cells: cells(runs.map(({ state }) => state)) },
    { name: "best score", cells: cells(runs.map(({ bestScore }) => bestScore)) },
    {
      name: "duration",
      cells: runs.map(({ durationSeconds }) => (durationSeconds === null ? NONE : duration(durationSeconds))),
    },
  ];
  printTable(output, [
    ...fields,
    { heading: "" },
    ...part(
      "Configuration that differs",
      configuration.map(({ name, values }) => ({ name, cells: cells(values) })),
    ),
    { heading: "" },
    ...part(
      "Series: last and best value",
      series.map(({ name, best, values }) => ({
        name,
        cells: values.map((each) =>
          each === null
            ? NONE
            : `${shortNumber(each.last)}, ${best} ${each.best === null ? NONE : shortNumber(each.best)}`,
        ),
      })),
    ),
    { heading: "" },
    ...part(
      "Evals: last value",
      evals.map(({ name, values }) => ({ name, cells: cells(values) })),
    ),
  ]);
}

function part(heading: string, rows: readonly TableRow[]): TableRow[] {
  const left = rows.length - MAX_ROWS;
  return [
    { heading: rows.length === 0 ? `${heading}: none` : heading },
    ...rows.slice(0, MAX_ROWS),
    ...(left > 0 ? [{ heading: `and ${left} more; --json has all` }] : []),
  ];
}

function textOf(value: unknown): string {
  if (typeof value === "number") return shortNumber(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}
