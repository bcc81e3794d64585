import { decode } from "../api/lossless-json.js";
import { parseRow } from "../store/rows.js";
import { isObject } from "../util/objects.js";
import type { TrackBest } from "./options.js";

/** Whether the highest or the lowest score is best. */
export type BestMode = "max" | "min";

/** Number of series names listed in the warning. */
const MAX_NAMES = 20;

/** The best score of a run: the one that was set, otherwise the best value of the tracked series. */
export class BestScore {
  readonly #metric: string | undefined;
  /** What a stored row has that holds the series; undefined if writers may write the name in several ways. */
  readonly #needle: Buffer | undefined;
  readonly #trackedMode: BestMode;
  #set: { readonly score: number; readonly mode: BestMode } | undefined;
  #best: number | undefined;
  /** The series that were logged before the tracked one. */
  readonly #others = new Set<string>();
  #isFound = false;

  constructor(tracked: TrackBest | undefined) {
    const { metric, mode } = typeof tracked === "string" ? { metric: tracked, mode: undefined } : (tracked ?? {});
    this.#metric = metric;
    this.#needle = metric !== undefined && /^[\w./ :-]+$/.test(metric) ? Buffer.from(`"${metric}"`) : undefined;
    this.#trackedMode = mode ?? "max";
  }

  get isTracking(): boolean {
    return this.#metric !== undefined;
  }

  get value(): number | undefined {
    return this.#set?.score ?? this.#best;
  }

  /** Sets the score. Default mode: the one of the tracked series, which is `max` unless given. */
  set(score: number, mode: BestMode = this.#trackedMode): void {
    this.#set = { score, mode };
  }

  /** Whether the score is better than another score of the experiment, or there is no other. */
  isBetterThan(other: unknown): boolean {
    if (this.value === undefined) return false;
    if (typeof other !== "number" || !Number.isFinite(other)) return true;
    return isBetter(this.value, other, this.#set?.mode ?? this.#trackedMode);
  }

  /** A warning if a series was to be tracked, but was never logged, and no score was set. */
  get warning(): string | undefined {
    if (this.#metric === undefined || this.#isFound || this.#set !== undefined) return undefined;
    const others = this.#others.size === 0 ? "none" : [...this.#others].join(", ");
    return `trackBest: no series ${JSON.stringify(this.#metric)} was logged; there were: ${others}.`;
  }

  /** Looks for the tracked series in the JSON text of an accepted step or eval. */
  observe(text: string): void {
    if (this.#metric !== undefined) this.#observe(decode(text), this.#metric);
  }

  /** Looks for the tracked series in a stored line, which may be cut off. */
  observeStored(line: Buffer): void {
    if (this.#metric === undefined || (this.#needle !== undefined && !line.includes(this.#needle))) return;
    this.#observe(parseRow(line.toString()), this.#metric);
  }

  #observe(row: unknown, metric: string): void {
    const series = isObject(row) && isObject(row.metrics) ? row.metrics : {};
    const value = Object.hasOwn(series, metric) ? series[metric] : undefined;
    if (value === undefined) this.#noteOthers(series);
    else this.#isFound = true;
    if (typeof value !== "number" || !Number.isFinite(value)) return;
    if (this.#best === undefined || isBetter(value, this.#best, this.#trackedMode)) this.#best = value;
  }

  #noteOthers(series: object): void {
    if (this.#isFound) return;
    for (const name of Object.keys(series)) if (this.#others.size < MAX_NAMES) this.#others.add(name);
  }
}

function isBetter(score: number, other: number, mode: BestMode): boolean {
  return mode === "min" ? score < other : score > other;
}
