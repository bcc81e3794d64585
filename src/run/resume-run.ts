import { EvsysValidationError } from "../errors.js";
import { localIdOf } from "../journal/known-as.js";
import { preview } from "../util/preview.js";
import { issueAt } from "../util/validation.js";
import { BestScore } from "./best-score.js";
import type { RunContext, StartedRun } from "./context.js";
import { type EarlierJobs, earlierJobsOf, unreadJobs } from "./earlier-jobs.js";
import { takeInRows } from "./earlier-rows.js";
import { Findings } from "./findings.js";
import { type ResumeOptions, resumePlanOf } from "./resume-options.js";
import { StepCounter } from "./step-counter.js";

/**
 * Continues a run that an earlier job began: marks it as running, with what the mirror knows of it.
 * @throws EvsysValidationError for options that do not fit the run; NotFoundError if the backend does not know it.
 */
export async function resumedRun(context: RunContext, options: ResumeOptions, subject: string): Promise<StartedRun> {
  const { client, delivery } = context;
  const { runId: givenId, experimentId: given, reopens, ...behaviour } = resumePlanOf(subject, options);
  behaviour.signal?.throwIfAborted();
  // The rows of this tick are written first.
  await Promise.resolve();
  const earlier = client.disabled ? unreadJobs(givenId) : earlierJobsOf(client.local.root, givenId);
  refuseCompleted(subject, earlier, reopens);
  refuseOtherProject(context, subject, earlier);
  const experimentId = experimentOf(client.local.root, subject, earlier, given);
  const { runId, folder, experimentId: known, durationSeconds, summary, errorMessage } = earlier;
  const best = new BestScore(behaviour.trackBest);
  const steps = new StepCounter(
    known === undefined && !client.disabled ? unknownSteps(client.local.root, runId) : undefined,
  );
  if (known !== undefined) await takeInRows(folder, steps, best);
  const patch = {
    status: "running",
    error_message: isText(errorMessage) ? "" : undefined,
    duration_seconds: durationSeconds > 0 ? durationSeconds : undefined,
  };
  await delivery.entities.resumeRun(runId, patch, earlier.isKnown);
  const endsExperiment = earlier.ownsExperiment && experimentId !== undefined;
  if (endsExperiment) await markExperimentRunning(context, experimentId);
  const findings = new Findings(best, { summary, durationSeconds: known === undefined ? undefined : durationSeconds });
  return { ...behaviour, experimentId, runId, endsExperiment, steps, findings };
}

function refuseCompleted(subject: string, { runId, status }: EarlierJobs, reopens: boolean): void {
  if (status !== "completed" || reopens) return;
  const message = `the run ${preview(runId)} is completed; give reopen: true to resume it`;
  throw new EvsysValidationError(subject, [issueAt(["run_id"], message)]);
}

function refuseOtherProject({ client }: RunContext, subject: string, { runId, experimentId }: EarlierJobs): void {
  const project = experimentId === undefined ? undefined : client.local.experiment(experimentId)?.project_id;
  if (!isText(project) || client.projectId === undefined || project === client.projectId) return;
  const message =
    `the run ${preview(runId)} belongs to project ${preview(project)}, and this client writes to ${preview(client.projectId)}; ` +
    `use a client with projectId: ${preview(project)}`;
  throw new EvsysValidationError(subject, [issueAt(["run_id"], message)]);
}

function experimentOf(
  root: string,
  subject: string,
  { runId, experimentId }: EarlierJobs,
  given: string | undefined,
): string | undefined {
  if (given === undefined || experimentId === undefined || given === experimentId) return experimentId ?? given;
  if (localIdOf(root, "experiment", given) === experimentId) return experimentId;
  const message = `the run ${preview(runId)} belongs to the experiment ${preview(experimentId)}, got ${preview(given)}; leave it out`;
  throw new EvsysValidationError(subject, [issueAt(["experiment_id"], message)]);
}

function unknownSteps(root: string, runId: string): string {
  return (
    `required: the run ${preview(runId)} did not begin in the mirror ${root}, so its last step is not known. Name the first step ` +
    "of each split: run.logStep(step, { loss })"
  );
}

/** An experiment that ended with an earlier job of the run goes on with it. */
async function markExperimentRunning({ client }: RunContext, experimentId: string): Promise<void> {
  const experiment = client.local.experiment(experimentId);
  if (experiment === undefined) return;
  const { status, error_message } = experiment;
  if (status === undefined || status === "running" || status === "pending") return;
  await client.updateExperiment(experimentId, {
    status: "running",
    ...(isText(error_message) ? { error_message: "" } : {}),
  });
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
