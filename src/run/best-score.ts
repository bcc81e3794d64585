import { isObject } from "../objects.js";
import type { TrackBest } from "./options.js";

/** More names than these help nobody to find a slip. */
const MOST_NAMES = 20;

/** The best score of a run: the one that was set, else the best value of the series that is tracked. */
export class BestScore {
  readonly #metric: string | undefined;
  readonly #isBetter: (value: number, best: number) => boolean;
  #set: number | undefined;
  #best: number | undefined;
  /** What was logged until the tracked series was found. */
  readonly #others = new Set<string>();
  #isFound = false;

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

  /** What to say where the tracked series was never logged and nobody set a score; undefined where there is nothing to say. */
  get slip(): string | undefined {
    if (this.#metric === undefined || this.#isFound || this.#set !== undefined) return undefined;
    const others = this.#others.size === 0 ? "none" : [...this.#others].join(", ");
    return `trackBest: no series ${JSON.stringify(this.#metric)} was logged; there were: ${others}.`;
  }

  /** Looks for the tracked series in what is logged. */
  look(series: unknown): void {
    if (this.#metric === undefined || !isObject(series)) return;
    if (!Object.hasOwn(series, this.#metric)) {
      if (!this.#isFound && this.#others.size < MOST_NAMES) this.#note(series);
      return;
    }
    this.#isFound = true;
    const value = series[this.#metric];
    if (typeof value !== "number" || !Number.isFinite(value)) return;
    if (this.#best === undefined || this.#isBetter(value, this.#best)) this.#best = value;
  }

  #note(series: object): void {
    for (const name of Object.keys(series)) this.#others.add(name);
  }
}
