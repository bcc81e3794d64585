import { AsyncLocalStorage } from "node:async_hooks";
import { EvsysError } from "../errors.js";
import type { ExperimentRun } from "./run.js";

const runs = new AsyncLocalStorage<ExperimentRun>();

/** Calls a function for which, and for everything it calls or starts, `run` is the current run. */
export function asCurrentRun<Result>(run: ExperimentRun, body: () => Result): Result {
  return runs.run(run, body);
}

/**
 * The run of the innermost `withRun` that the caller is running in, also after an `await` and in timers. Parallel runs are
 * kept apart.
 * @throws EvsysError outside of `withRun`; a run of `startRun` is never current.
 */
export function currentRun(): ExperimentRun {
  const run = runs.getStore();
  if (run !== undefined) return run;
  throw new EvsysError(
    "currentRun: there is no current run; call it in a function that withRun calls, or pass the run that startRun returned.",
  );
}
