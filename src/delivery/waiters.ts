import type { Settlement, Waiter } from "./entry.js";

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
