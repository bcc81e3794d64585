import type { CurveData, CurvePart, SeriesList } from "../api-types.js";
import type { Source } from "./source.js";

/** The series that contain the time of a row, in seconds since the epoch. */
const CLOCK_SERIES = ["_timestamp", "timestamp", "wall_time"];
/** What their names have in common, to find them among any number of series. */
const COMMON_PART = "time";

/** The time of a step, in seconds since the epoch; null if unknown. */
export type RunClock = (step: number) => number | null;

/** The clock of a run, from the series that holds its times; undefined where it has none. */
export async function runClockOf(source: Source, run: string): Promise<RunClock | undefined> {
  const { series } = await source.get<SeriesList>("series", { run, search: COMMON_PART, most: 1_000 });
  const name = CLOCK_SERIES.find((each) => series.some((info) => info.name === each));
  if (name === undefined) return undefined;
  const { parts } = await source.get<CurveData>("curve", { run, series: name, width: 4_000 });
  const [longest] = [...parts].sort((a, b) => b.steps.length - a.steps.length);
  return longest === undefined ? undefined : (step) => interpolated(longest, step);
}

function interpolated({ steps, mean }: CurvePart, step: number): number | null {
  let [low, high] = [0, steps.length - 1];
  if (high < 0 || step < (steps[0] ?? 0) || step > (steps[high] ?? 0)) return null;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((steps[middle] ?? 0) <= step) low = middle;
    else high = middle;
  }
  const [from, to, before, after] = [steps[low] ?? 0, steps[high] ?? 0, mean[low], mean[high]];
  if (typeof before !== "number" || typeof after !== "number") return null;
  return to === from ? before : before + ((step - from) / (to - from)) * (after - before);
}
