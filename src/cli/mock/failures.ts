import type { MockServer } from "../../testing/index.js";

/**
 * Fails a fraction (0 to 1) of the requests with 503: half of them before the write and half after it, as if the response
 * were lost.
 */
export function failRandomly(server: MockServer, share: number, random: () => number = Math.random): void {
  const half = share / 2;
  const fail = (afterCommit: boolean, chance: number): void => {
    server.failNext({ status: 503, times: Number.POSITIVE_INFINITY, afterCommit, match: () => random() < chance });
  };
  fail(false, half);
  // It only applies to requests that the first failure did not match.
  fail(true, half / (1 - half));
}
