import type { MockServer } from "../../testing/index.js";

/**
 * Fails a share (0 to 1) of the requests with 503: half of them before the write, half of them after it, as where an
 * answer is lost on its way.
 */
export function failShare(server: MockServer, share: number, random: () => number = Math.random): void {
  const half = share / 2;
  const fail = (afterCommit: boolean, chance: number): void => {
    server.failNext({ status: 503, times: Number.POSITIVE_INFINITY, afterCommit, match: () => random() < chance });
  };
  fail(false, half);
  // It is asked only about the requests that the first one left alone.
  fail(true, half / (1 - half));
}
