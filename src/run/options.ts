import * as z from "zod";
import { zExperimentCreate, zRunCreate } from "../../generated/schemas.js";
import type { ExperimentCreate, RunCreate } from "../../generated/types.js";
import { accept } from "../delivery/accept.js";
import { EvsysValidationError } from "../errors.js";
import { isGiven, isObject } from "../objects.js";
import type { Input } from "../operations.js";
import { issueAt, shown } from "../validation.js";

/** The series whose best value is the run's score: its name where the highest is best, or its name and which end is best. */
export type TrackBest =
  | string
  | {
      /** The name of the series. */
      readonly metric: string;
      /** Whether the highest or the lowest value is best. Default `max`. */
      readonly mode?: "max" | "min" | undefined;
    };

/** How a run behaves, beside the fields it is created with. */
export interface RunBehaviour {
  /**
   * Whether SIGINT and SIGTERM mark the run as cancelled, wait for what is on its way (`timeoutMs` of the client at the
   * longest) and then end the process as the signal does. A second signal ends it at once. Where the program listens for
   * the signal itself, the run is marked, and how the process ends is left to the program. Default: false.
   */
  readonly signals?: boolean | null | undefined;
  /** Takes the best finite value of a series, of any split or eval, for the score. Default: only `setBestScore` sets one. */
  readonly trackBest?: TrackBest | null | undefined;
}

type RunFields = Input<Omit<RunCreate, "experiment_id" | "status">>;
type NewExperiment = Input<ExperimentCreate> & { readonly experiment_id?: null | undefined };
type GivenExperiment = { readonly experiment_id: string; readonly experiment_name?: undefined };

/** The fields of a run, with those of its new experiment or with the id of one that is there; and how the run behaves. */
export type WithRunOptions = RunFields & RunBehaviour & (NewExperiment | GivenExperiment);

/** What the options come to. */
export interface RunPlan {
  /** The experiment that is there; undefined where one is to be made. */
  readonly experimentId: string | undefined;
  readonly experiment: Input<ExperimentCreate>;
  readonly run: RunFields;
  readonly signals: boolean;
  readonly trackBest: TrackBest | undefined;
}

const behaviour = {
  signals: z.boolean().optional(),
  trackBest: z
    .union(
      [z.string().min(1), z.strictObject({ metric: z.string().min(1), mode: z.enum(["max", "min"]).optional() })],
      {
        error: 'expected the name of a series or { metric, mode: "max" or "min" }',
      },
    )
    .optional(),
};
const forGiven = zRunCreate.extend(behaviour);
const forNew = zRunCreate.extend(zExperimentCreate.shape).extend(behaviour);

/**
 * Holds the options against the document before anything is created: a run that cannot be would leave an empty
 * experiment behind.
 * @throws EvsysValidationError naming each field that does not fit.
 */
export function planOf(subject: string, options: WithRunOptions): RunPlan {
  if (!isObject(options)) {
    throw new EvsysValidationError(subject, [issueAt([], `expected an object, got ${shown(options)}`)]);
  }
  const { signals, trackBest, experiment_id, ...fields } = options;
  const given = experiment_id ?? undefined;
  const [experiment, run] = partitioned(fields, Object.keys(zExperimentCreate.shape));
  if (given !== undefined) refuseBoth(subject, experiment);
  accept("createRun", { ...options, experiment_id: given ?? "new" }, subject, given === undefined ? forNew : forGiven);
  return {
    experimentId: given,
    // The schema has just said so.
    experiment: experiment as Input<ExperimentCreate>,
    run: run as RunFields,
    signals: signals ?? false,
    trackBest: trackBest ?? undefined,
  };
}

function refuseBoth(subject: string, experiment: Readonly<Record<string, unknown>>): void {
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
