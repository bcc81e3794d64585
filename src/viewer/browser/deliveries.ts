import type { DeliveryState, RunSummary } from "../api-types.js";
import type { Source } from "./source.js";

const AT_ONCE = 25;
const FRESH_MS = 5_000;

/** The delivery state of the visible runs, requested for a few runs at a time. */
export class Deliveries {
  readonly #source: Source;
  readonly #onChange: () => void;
  /** The state is undefined where the run is gone. */
  readonly #known = new Map<string, { readonly state: DeliveryState | undefined; readonly at: number }>();
  #wanted: readonly RunSummary[] = [];
  #isAsking = false;

  constructor(source: Source, onChange: () => void) {
    this.#source = source;
    this.#onChange = onChange;
  }

  /** The state of a run; undefined if it is not loaded yet. */
  of(key: string): DeliveryState | undefined {
    return this.#known.get(key)?.state;
  }

  /** Requests the state of the visible runs. */
  want(runs: readonly RunSummary[]): void {
    this.#wanted = runs;
    if (!this.#isAsking) void this.#ask();
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    try {
      for (let keys = this.#due(); keys.length > 0; keys = this.#due()) {
        const states = await this.#source.get<Record<string, DeliveryState>>("delivery", { run: keys });
        let isChanged = false;
        for (const key of keys) {
          const state = states[key];
          isChanged ||= JSON.stringify(this.#known.get(key)?.state) !== JSON.stringify(state);
          this.#known.set(key, { state, at: performance.now() });
        }
        if (isChanged) this.#onChange();
      }
    } catch {
      // The list of runs reports problems with the mirror.
    } finally {
      this.#isAsking = false;
    }
  }

  #due(): string[] {
    const before = performance.now() - (this.#source.snapshot === undefined ? FRESH_MS : Number.POSITIVE_INFINITY);
    return this.#wanted
      .filter(({ key }) => (this.#known.get(key)?.at ?? Number.NEGATIVE_INFINITY) < before)
      .map(({ key }) => key)
      .slice(0, AT_ONCE);
  }
}
