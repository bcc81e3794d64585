import { AsyncLocalStorage } from "node:async_hooks";
import { EvsysError } from "../errors.js";
import type { ExperimentRun } from "./run.js";

const runs = new AsyncLocalStorage<ExperimentRun | undefined>();

/** Calls a function for which, and for everything it calls or starts, `run` is the current run. */
export function asCurrentRun<Result>(run: ExperimentRun, body: () => Result): Result {
  return runs.run(run, body);
}

/** Wraps a function: no run is current for it, and for everything that it calls or starts. */
export function outsideRuns<Args extends readonly unknown[], Result>(
  callback: (...args: Args) => Result,
): (...args: Args) => Result {
  return (...args) => runs.run(undefined, callback, ...args);
}

/**
 * The run of the innermost `withRun` that the caller is running in, also after an `await` and in timers. Parallel runs are
 * kept apart.
 * @throws EvsysError outside of `withRun`; a run of `startRun` is never current. It throws in `onDeliveryError`, in a logger
 * and in a `fetch` of your own, too, because a client sends the rows of all its runs together.
 */
export function currentRun(): ExperimentRun {
  const run = runs.getStore();
  if (run !== undefined) return run;
  throw new EvsysError(
    "currentRun: there is no current run; call it in a function that withRun calls, or pass the run that startRun returned.",
  );
}
