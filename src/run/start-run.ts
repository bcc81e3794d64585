import { EvsysValidationError } from "../errors.js";
import { preview } from "../util/preview.js";
import { issueAt } from "../util/validation.js";
import { BestScore } from "./best-score.js";
import type { RunContext, StartedRun } from "./context.js";
import { asCurrentRun } from "./current-run.js";
import { failureMessage } from "./failure.js";
import { Findings } from "./findings.js";
import { type NewRunOptions, planOf, type WithRunOptions } from "./options.js";
import { isResuming } from "./resume-options.js";
import { resumedRun } from "./resume-run.js";
import { ExperimentRun } from "./run.js";
import { StepCounter } from "./step-counter.js";
import { listenForStop } from "./stop-signals.js";

/**
 * Starts a new run, or resumes the one that `run_id` names.
 * @throws the signal's reason if it has aborted before the run is started; a run created meanwhile is cancelled.
 */
export async function startRun(
  context: RunContext,
  options: WithRunOptions,
  subject = "startRun",
): Promise<ExperimentRun> {
  const stopSignals = Object(options).signals === true ? listenForStop() : undefined;
  try {
    const started = isResuming(options)
      ? await resumedRun(context, options, subject)
      : await newRun(context, options, subject);
    const { signal } = started;
    const run = new ExperimentRun(context, started, stopSignals);
    if (signal?.aborted) await run.cancel(failureMessage(signal.reason));
    signal?.throwIfAborted();
    return run;
  } catch (error) {
    stopSignals?.forget();
    throw error;
  }
}

/** Creates the experiment unless an id is given, and the run. */
async function newRun({ client, delivery }: RunContext, options: NewRunOptions, subject: string): Promise<StartedRun> {
  const { experimentId: given, experiment, run: fields, trackBest, ...behaviour } = planOf(subject, options);
  behaviour.signal?.throwIfAborted();
  const endsExperiment = given === undefined;
  const experimentId = given ?? (await client.createExperiment(experiment)).id;
  const body = { ...fields, experiment_id: experimentId, status: "running" };
  const { id: runId } = await delivery.entities.createRun(body, undefined, endsExperiment);
  const findings = new Findings(new BestScore(trackBest));
  return { ...behaviour, experimentId, runId, endsExperiment, steps: new StepCounter(), findings };
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
