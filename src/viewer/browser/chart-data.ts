import uPlot from "uplot";
import type { CurvePart } from "../api-types.js";

/** A curve of a run in a chart. */
export interface ChartLine {
  /** The run's key. */
  readonly run: string;
  readonly label: string;
  /** The style variable with the run's colour. */
  readonly colour: string;
  readonly part: CurvePart;
}

/** The display options of curves. */
export interface Look {
  /** 0 for none, below 1. */
  readonly smoothing: number;
  readonly isLogX: boolean;
  readonly isLogY: boolean;
}

type Values = (number | null)[];

/** Four rows per line: smoothed, mean, minimum and maximum, over the x values of all lines. */
export function alignedData(
  lines: readonly ChartLine[],
  look: Look,
  xOf: (line: ChartLine) => Values,
): uPlot.AlignedData {
  const tables = lines.map((line): uPlot.AlignedData => {
    const { mean, min, max } = line.part;
    const all: [Values, Values, Values, Values, Values] = [
      xOf(line),
      smoothed(mean, look.smoothing),
      [...mean],
      [...min],
      [...max],
    ];
    const [x, ...ys] = all;
    const kept = x.flatMap((value, at) =>
      value !== null && Number.isFinite(value) && (!look.isLogX || value > 0) ? [at] : [],
    );
    kept.sort((a, b) => Number(x[a]) - Number(x[b]));
    const xs = kept.map((at) => Number(x[at]));
    return [xs, ...ys.map((values) => kept.map((at) => drawable(values[at], look.isLogY)))];
  });
  return tables.length === 0
    ? [[]]
    : uPlot.join(
        tables,
        tables.map((table) => table.map(() => 2)),
      );
}

/** An exponential moving average without a bias toward the start. Gaps stay gaps. */
function smoothed(values: readonly (number | null)[], weight: number): Values {
  if (weight === 0) return [...values];
  let [last, total] = [0, 0];
  return values.map((value) => {
    if (value === null) return null;
    last = last * weight + (1 - weight) * value;
    total = total * weight + (1 - weight);
    return last / total;
  });
}

function drawable(value: number | null | undefined, isLog: boolean): number | null {
  return value === null || value === undefined || (isLog && value <= 0) ? null : value;
}
