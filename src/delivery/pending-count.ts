import type { Counted, WriteState } from "./counters.js";
import type { Scope } from "./scope.js";

/** Counts the pending writes of one kind in one queue, by client. All counts of pending writes change here. */
export class PendingCount {
  readonly kind: Counted;
  readonly #writes = new Map<Scope, number>();

  constructor(kind: Counted) {
    this.kind = kind;
  }

  get total(): number {
    let total = 0;
    for (const writes of this.#writes.values()) total += writes;
    return total;
  }

  add(scope: Scope, writes: number): void {
    this.#writes.set(scope, (this.#writes.get(scope) ?? 0) + writes);
    scope.counters.add(this.kind, "pending", writes);
  }

  settle(scope: Scope, state: WriteState, writes: number): void {
    this.#writes.set(scope, (this.#writes.get(scope) ?? 0) - writes);
    scope.counters.settle(this.kind, state, writes);
  }

  /** Rejected writes are to be sent again. */
  retry(scope: Scope, writes: number): void {
    scope.counters.add(this.kind, "rejected", -writes);
    this.add(scope, writes);
  }

  /** Writes that were delivered without having been counted here. */
  settleUncounted(scope: Scope, state: WriteState, writes: number): void {
    scope.counters.add(this.kind, state, writes);
  }

  /** Resets the count: pending writes are counted again. */
  reset(): void {
    for (const [scope, writes] of this.#writes) scope.counters.add(this.kind, "pending", -writes);
    this.#writes.clear();
  }
}
