import { COUNTED, type Counted, type Standing, type Tally } from "./report.js";

/** One folder's part in the count of pending writes. */
export class Account {
  readonly #tally: Tally;
  readonly #pending = zeros();

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** Whether nothing of the folder is counted as pending. */
  get isEmpty(): boolean {
    return Object.values(this.#pending).every((writes) => writes === 0);
  }

  /** Writes have been added to the mirror. */
  added(kind: Counted, writes: number): void {
    this.#pending[kind] += writes;
    this.#tally.add(kind, "pending", writes);
  }

  /** Pending writes have come to rest. */
  settle(kind: Counted, standing: Standing, writes: number): void {
    this.added(kind, -writes);
    this.#tally.add(kind, standing, writes);
  }

  /** Refused writes are to be sent again. */
  retried(kind: Counted, writes: number): void {
    this.#tally.add(kind, "rejected", -writes);
    this.added(kind, writes);
  }

  /** Nothing is known to be pending: it will be counted anew. */
  reset(): void {
    for (const kind of COUNTED) this.added(kind, -this.#pending[kind]);
  }
}

function zeros(): Record<Counted, number> {
  return { experiments: 0, runs: 0, checkpoints: 0, evals: 0, metrics: 0, predictions: 0, patches: 0 };
}
