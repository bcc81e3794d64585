import { EvsysValidationError } from "../errors.js";
import { issueAt, preview } from "../util/validation.js";
import type { RunContext } from "./context.js";
import { asCurrentRun } from "./current-run.js";
import { failureMessage } from "./failure.js";
import { planOf, type WithRunOptions } from "./options.js";
import { ExperimentRun } from "./run.js";

/**
 * Creates the experiment unless an id is given, and starts the run.
 * @throws the signal's reason if it has aborted before the run is started; a run created meanwhile is cancelled.
 */
export async function startRun(
  context: RunContext,
  options: WithRunOptions,
  subject = "startRun",
): Promise<ExperimentRun> {
  const { client } = context;
  const { experimentId: given, experiment, run: fields, ...behaviour } = planOf(subject, options);
  const { signal } = behaviour;
  signal?.throwIfAborted();
  const experimentId = given ?? (await client.createExperiment(experiment)).id;
  const { id: runId } = await client.createRun({ ...fields, experiment_id: experimentId, status: "running" });
  const run = new ExperimentRun(context, { ...behaviour, experimentId, runId, endsExperiment: given === undefined });
  if (signal?.aborted) await run.cancel(failureMessage(signal.reason));
  signal?.throwIfAborted();
  return run;
}

/** Starts the run, makes it the current one of the function, and ends it when the function has returned or thrown. */
export async function withRun<Result>(
  context: RunContext,
  options: WithRunOptions,
  body: (run: ExperimentRun) => Result | Promise<Result>,
): Promise<Result> {
  if (typeof body !== "function") {
    throw new EvsysValidationError("withRun", [
      issueAt([], `expected a function as the second argument, got ${preview(body)}`),
    ]);
  }
  const run = await startRun(context, options, "withRun");
  let result: Result;
  try {
    result = await asCurrentRun(run, () => body(run));
  } catch (error) {
    await run.fail(error);
    throw error;
  }
  await run.complete();
  return result;
}
