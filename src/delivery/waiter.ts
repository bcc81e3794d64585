import type { OperationName, ResponseOf } from "../api/routes.js";
import type { DashboardClientError } from "../errors.js";

/** How a write ended, for its call. */
export type Settlement =
  /** The backend has it; `body` is its response. */
  | { readonly kind: "delivered"; readonly body: unknown }
  /** There is nothing to send. */
  | { readonly kind: "skipped" }
  /** The backend rejects it, or accepts nothing from this client. */
  | { readonly kind: "failed"; readonly error: DashboardClientError }
  /** It is in the mirror and is sent later. */
  | { readonly kind: "pending" };

export const PENDING: Settlement = { kind: "pending" };
export const SKIPPED: Settlement = { kind: "skipped" };

/** A call that waits for its write. */
export interface Waiter {
  /** Whether it waits for the backend; in background delivery it does not. */
  readonly isAwaited: boolean;
  readonly maxRetries: number;
  /** Its deadline, on the clock of `now()`. */
  readonly endsAt: number;
  settle(settlement: Settlement): void;
}

/** The backend's response; undefined if the write is only in the mirror for now. */
export function responseOf<Name extends OperationName>(settlement: Settlement): ResponseOf<Name> | undefined {
  if (settlement.kind === "failed") throw settlement.error;
  // The HTTP layer has validated the body against this operation's schema.
  return settlement.kind === "delivered" ? (settlement.body as ResponseOf<Name>) : undefined;
}

/** A waiter for each of several parts of one write; the call gets the worst settlement once all parts are settled. */
export function partsOf(waiter: Waiter, parts: number): Waiter {
  let left = parts;
  let settled: Settlement | undefined;
  return {
    ...waiter,
    settle(settlement) {
      settled = settled === undefined ? settlement : together(settled, settlement);
      left -= 1;
      if (left === 0) waiter.settle(settled);
    },
  };
}

const SEVERITY = { skipped: 0, delivered: 1, pending: 2, failed: 3 } as const;

function together(one: Settlement, other: Settlement): Settlement {
  if (one.kind === "delivered" && other.kind === "delivered") {
    return { kind: "delivered", body: sumOf(one.body, other.body) };
  }
  return SEVERITY[one.kind] >= SEVERITY[other.kind] ? one : other;
}

/** Merges the responses of two batches of predictions. */
function sumOf(one: unknown, other: unknown): unknown {
  const inserted = Number(Object(one).inserted ?? 0) + Number(Object(other).inserted ?? 0);
  return { ...Object(one), ...Object(other), inserted };
}
