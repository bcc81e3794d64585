import { performance } from "node:perf_hooks";

/** Milliseconds on a monotonic clock. Bound at load time, because a test runner's fake timers replace the method. */
export const now: () => number = performance.now.bind(performance);
