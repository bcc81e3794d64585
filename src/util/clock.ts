import { performance } from "node:perf_hooks";

/** Milliseconds on a clock that is never set back. Bound when it is loaded: fake timers of a test runner replace the method. */
export const now: () => number = performance.now.bind(performance);
