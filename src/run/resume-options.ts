import * as z from "zod";
import { zExperimentCreate, zExperimentPatch, zRunCreate } from "../../generated/schemas.js";
import { EvsysValidationError } from "../errors.js";
import { assertSafeId } from "../store/paths.js";
import { isGiven, isObject } from "../util/objects.js";
import { issueAt, validated } from "../util/validation.js";
import { behaviour, type RunBehaviour, type RunPlan } from "./options.js";

/** A run that is there, and how it behaves from here on. */
export interface ResumeOptions extends RunBehaviour {
  /** The run to resume: its id in the mirror, or the backend's. */
  readonly run_id: string;
  /** Resumes a run that is known to be completed. Default: false. */
  readonly reopen?: boolean | null | undefined;
  /** The run's experiment, for a mirror that the run did not begin in. Default: the one that the mirror knows. */
  readonly experiment_id?: string | null | undefined;
}

/** The options of a run to resume, sorted by purpose. */
export interface ResumePlan extends Pick<RunPlan, "signal" | "trackBest" | "experimentId"> {
  readonly runId: string;
  readonly reopens: boolean;
}

const schema = z.strictObject({
  ...behaviour,
  run_id: z.string(),
  reopen: z.boolean().nullish(),
  experiment_id: z.string().min(1).nullish(),
});

/** Whether the options name a run to resume. */
export function isResuming(options: unknown): options is ResumeOptions {
  return isObject(options) && isGiven(options.run_id);
}

/** @throws EvsysValidationError naming each invalid field, and each that belongs to what is there already. */
export function resumePlanOf(subject: string, options: ResumeOptions): ResumePlan {
  refuseFields(subject, options);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => isGiven(value)));
  const { run_id, reopen, experiment_id, signal, trackBest } = validated(subject, schema, given);
  assertSafeId(subject, "run_id", run_id);
  return {
    runId: run_id,
    experimentId: experiment_id ?? undefined,
    reopens: reopen ?? false,
    signal: signal ?? undefined,
    trackBest: trackBest ?? undefined,
  };
}

function refuseFields(subject: string, options: object): void {
  const issues = Object.entries(options).flatMap(([field, value]) => {
    const message = isGiven(value) ? refusalOf(field) : undefined;
    return message === undefined ? [] : issueAt([field], message);
  });
  if (issues.length > 0) throw new EvsysValidationError(subject, issues);
}

function refusalOf(field: string): string | undefined {
  if (field in schema.shape) return undefined;
  if (field in zRunCreate.shape) return `the run exists already; set it with client.updateRun(run_id, { ${field} })`;
  if (!(field in zExperimentCreate.shape)) return undefined;
  const hint =
    field in zExperimentPatch.shape ? `; set it with client.updateExperiment(experiment_id, { ${field} })` : "";
  return `the experiment of the run exists already${hint}`;
}
