import type { BodyOf } from "../api/routes.js";

/** How an experiment or a run stands. */
export type Status = NonNullable<BodyOf<"createRun">["status"]>;
type Patched<Name extends "createRun" | "createExperiment"> = Omit<BodyOf<Name>, "status">;

/** An experiment as the mock server holds it: what was sent, patches applied. */
export interface ExperimentRow
  extends Patched<"createExperiment">,
    Omit<BodyOf<"updateExperiment">, "status" | keyof BodyOf<"createExperiment">> {
  /** A UUID. */
  readonly id: string;
  /** "pending" until a patch says otherwise. */
  readonly status: Status;
}

/** A run as the mock server holds it: what was sent, patches applied. A patch may have brought fields of any name. */
export interface RunRow extends Patched<"createRun"> {
  /** A UUID. */
  readonly id: string;
  /** "pending" where neither the create nor a patch said otherwise. */
  readonly status: Status;
  /** Why the run failed, as a patch said. */
  readonly error_message?: BodyOf<"updateRun">["error_message"];
  /** What a patch said of the whole run, such as its best score. */
  readonly summary?: BodyOf<"updateRun">["summary"];
  /** How long the run took, as a patch said, in seconds. */
  readonly duration_seconds?: BodyOf<"updateRun">["duration_seconds"];
  readonly [field: string]: unknown;
}

/** The series of one step on one split. */
export type MetricRow = BodyOf<"logStepMetric"> & {
  /** The id of its run. */
  readonly run_id: string;
};

/** An eval, with the UUID it was given. */
export type EvalRow = BodyOf<"createEval"> & {
  /** A UUID. */
  readonly id: string;
  /** The id of its run. */
  readonly run_id: string;
};

/** A checkpoint, with the UUID it was given. */
export type CheckpointRow = BodyOf<"addCheckpoint"> & {
  /** A UUID. */
  readonly id: string;
  /** The id of its run. */
  readonly run_id: string;
};

/** One prediction of a batch. */
export type PredictionRow = BodyOf<"logPredictions">["predictions"][number] & {
  /** The id of its run. */ readonly run_id: string;
};
