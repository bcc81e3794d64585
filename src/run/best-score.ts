import { isObject } from "../objects.js";
import type { TrackBest } from "./options.js";

/** The best score of a run: the one that was set, else the best value of the series that is tracked. */
export class BestScore {
  readonly #metric: string | undefined;
  readonly #isBetter: (value: number, best: number) => boolean;
  #set: number | undefined;
  #best: number | undefined;

  constructor(tracked: TrackBest | undefined) {
    const { metric, mode } = typeof tracked === "string" ? { metric: tracked, mode: "max" } : (tracked ?? {});
    this.#metric = metric;
    this.#isBetter = mode === "min" ? (value, best) => value < best : (value, best) => value > best;
  }

  get value(): number | undefined {
    return this.#set ?? this.#best;
  }

  /** The score that was set, not found by tracking. */
  get explicit(): number | undefined {
    return this.#set;
  }

  set(score: number): void {
    this.#set = score;
  }

  /** Looks for the tracked series in what is logged. */
  look(series: unknown): void {
    if (this.#metric === undefined || !isObject(series) || !Object.hasOwn(series, this.#metric)) return;
    const value = series[this.#metric];
    if (typeof value !== "number" || !Number.isFinite(value)) return;
    if (this.#best === undefined || this.#isBetter(value, this.#best)) this.#best = value;
  }
}
