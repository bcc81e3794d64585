import * as z from "zod";
import { zExperimentCreate, zRunCreate } from "../../generated/schemas.js";
import type { ExperimentCreate, RunCreate } from "../../generated/types.js";
import { abortSignal } from "../api/call-options.js";
import type { Input } from "../api/routes.js";
import { accept } from "../delivery/accept.js";
import { EvsysValidationError } from "../errors.js";
import { isGiven } from "../util/objects.js";
import { issueAt, validated } from "../util/validation.js";
import type { ResumeOptions } from "./resume-options.js";

/** The series whose best value is the run's score: its name if the highest is best, or its name and mode. */
export type TrackBest =
  | string
  | {
      /** The name of the series. */
      readonly metric: string;
      /** Whether the highest or the lowest value is best. Default `max`. */
      readonly mode?: "max" | "min" | undefined;
    };

/** The options of a run, beside the fields it is created with. */
export interface RunBehaviour {
  /**
   * Whether SIGINT and SIGTERM mark the run as cancelled. The client waits for calls under way, marks the run, sends what
   * is pending (for its `timeoutMs` at most) and then ends the process as the signal does; calls of the run meanwhile are
   * ignored. A second signal ends the process at once. If the program listens for the signal itself, the run is marked,
   * and the program ends the process. Default: false.
   */
  readonly signals?: boolean | null | undefined;
  /**
   * Cancels the run when it aborts, with its reason; later calls of the run throw. If it has aborted before the run is
   * started, its reason is thrown.
   */
  readonly signal?: AbortSignal | null | undefined;
  /** Takes the best finite value of a series, of any split or eval, for the score. Default: only `setBestScore` sets one. */
  readonly trackBest?: TrackBest | null | undefined;
}

type RunFields = Input<Omit<RunCreate, "experiment_id" | "status">>;
type NewRun = RunFields & { readonly run_id?: null | undefined; readonly reopen?: null | undefined };
type NewExperiment = Input<ExperimentCreate> & { readonly experiment_id?: null | undefined };
type GivenExperiment = { readonly experiment_id: string; readonly experiment_name?: undefined };

/** The fields of a new run, with those of its new experiment or with the id of one that is there; and how the run behaves. */
export type NewRunOptions = RunBehaviour & NewRun & (NewExperiment | GivenExperiment);

/** What a run starts with: the fields of a new one, or `run_id` to resume one; and how it behaves. */
export type WithRunOptions = NewRunOptions | ResumeOptions;

/** The options, sorted by purpose. */
export interface RunPlan {
  /** The id of the given experiment; undefined if one is to be created. */
  readonly experimentId: string | undefined;
  readonly experiment: Input<ExperimentCreate>;
  readonly run: RunFields;
  readonly signal: AbortSignal | undefined;
  readonly trackBest: TrackBest | undefined;
}

/** The schemas of the options that say how a run behaves. */
export const behaviour = {
  signals: z.boolean().nullish(),
  signal: abortSignal.nullish(),
  trackBest: z
    .union(
      [z.string().min(1), z.strictObject({ metric: z.string().min(1), mode: z.enum(["max", "min"]).optional() })],
      {
        error: 'expected the name of a series or { metric, mode: "max" or "min" }',
      },
    )
    .nullish(),
};
const behaviourSchema = z.object(behaviour);
const forGiven = zRunCreate.extend(behaviour);
const forNew = zRunCreate.extend(zExperimentCreate.shape).extend(behaviour);

/**
 * Validates the options before anything is created: a run that cannot be created would leave an empty experiment.
 * @throws EvsysValidationError naming each invalid field.
 */
export function planOf(subject: string, options: NewRunOptions): RunPlan {
  const { signal, trackBest } = validated(subject, behaviourSchema, options);
  const { signals: _, signal: __, trackBest: ___, run_id: ____, reopen, experiment_id, ...fields } = options;
  if (isGiven(reopen))
    throw new EvsysValidationError(subject, [issueAt(["reopen"], "belongs to run_id, the run to resume")]);
  const given = experiment_id ?? undefined;
  const [experiment, run] = partitioned(fields, Object.keys(zExperimentCreate.shape));
  if (given !== undefined) assertNotBoth(subject, experiment);
  accept("createRun", { ...fields, experiment_id: given ?? "new" }, subject, given === undefined ? forNew : forGiven);
  return {
    experimentId: given,
    // `accept` has validated the fields.
    experiment: experiment as Input<ExperimentCreate>,
    run: run as RunFields,
    signal: signal ?? undefined,
    trackBest: trackBest ?? undefined,
  };
}

function assertNotBoth(subject: string, experiment: Readonly<Record<string, unknown>>): void {
  const both = Object.keys(experiment).filter((field) => isGiven(experiment[field]));
  if (both.length === 0) return;
  const message = "a field of a new experiment beside experiment_id; give the fields of a new one, or the id of one";
  throw new EvsysValidationError(
    subject,
    both.map((field) => issueAt([field], message)),
  );
}

type Fields = Readonly<Record<string, unknown>>;

function partitioned(fields: Fields, names: readonly string[]): [Fields, Fields] {
  const entries = Object.entries(fields);
  const isNamed = ([field]: [string, unknown]): boolean => names.includes(field);
  return [Object.fromEntries(entries.filter(isNamed)), Object.fromEntries(entries.filter((entry) => !isNamed(entry)))];
}
