import type { DashboardClient } from "../client.js";
import { EvsysValidationError } from "../errors.js";
import type { Logger } from "../logger.js";
import { ExperimentRun } from "../run.js";
import { issueAt, shown } from "../validation.js";
import { planOf, type WithRunOptions } from "./options.js";

/** Creates the experiment unless there is one, and starts the run. */
export async function startRun(
  client: DashboardClient,
  logger: Logger,
  options: WithRunOptions,
  subject = "startRun",
): Promise<ExperimentRun> {
  const { experimentId: given, experiment, run, signals, trackBest } = planOf(subject, options);
  const experimentId = given ?? (await client.createExperiment(experiment)).id;
  const { id: runId } = await client.createRun({ ...run, experiment_id: experimentId, status: "running" });
  const endsExperiment = given === undefined;
  return new ExperimentRun(client, { experimentId, runId, endsExperiment, signals, trackBest, logger });
}

/** Starts the run, and marks it with how the body ended. */
export async function withRun<Result>(
  client: DashboardClient,
  logger: Logger,
  options: WithRunOptions,
  body: (run: ExperimentRun) => Result | Promise<Result>,
): Promise<Result> {
  if (typeof body !== "function") {
    throw new EvsysValidationError("withRun", [
      issueAt([], `expected a function as the second argument, got ${shown(body)}`),
    ]);
  }
  const run = await startRun(client, logger, options, "withRun");
  let result: Result;
  try {
    result = await body(run);
  } catch (error) {
    await run.fail(error);
    throw error;
  }
  await run.complete();
  return result;
}
