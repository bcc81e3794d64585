import { COUNTED, type Counted, type Standing, type Tally } from "./report.js";

/** One folder's part in the count of pending writes. */
export class Account {
  readonly #tally: Tally;
  readonly #pending = new Map<Counted, number>();

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** Whether nothing of the folder is counted as pending. */
  get isEmpty(): boolean {
    return [...this.#pending.values()].every((writes) => writes === 0);
  }

  /** Writes have been added to the mirror. */
  added(kind: Counted, writes: number): void {
    this.#pending.set(kind, (this.#pending.get(kind) ?? 0) + writes);
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
    for (const kind of COUNTED) this.added(kind, -(this.#pending.get(kind) ?? 0));
  }
}
