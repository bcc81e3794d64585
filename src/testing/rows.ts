import type { BodyOf } from "../api/routes.js";

/** The status of an experiment or a run. */
export type Status = NonNullable<BodyOf<"createRun">["status"]>;
type Patched<Name extends "createRun" | "createExperiment"> = Omit<BodyOf<Name>, "status">;

/** An experiment of the mock server, with its patches applied. */
export interface ExperimentRow
  extends Patched<"createExperiment">,
    Omit<BodyOf<"updateExperiment">, "status" | keyof BodyOf<"createExperiment">> {
  /** A UUID. */
  readonly id: string;
  /** "pending" until a patch changes it. */
  readonly status: Status;
}

/** A run of the mock server, with its patches applied. Patches may add fields of any name. */
export interface RunRow extends Patched<"createRun"> {
  /** A UUID. */
  readonly id: string;
  /** "pending" unless the create or a patch set another one. */
  readonly status: Status;
  /** Why the run failed, from a patch. */
  readonly error_message?: BodyOf<"updateRun">["error_message"];
  /** Summary values of the run, such as its best score, from a patch. */
  readonly summary?: BodyOf<"updateRun">["summary"];
  /** The duration of the run in seconds, from a patch. */
  readonly duration_seconds?: BodyOf<"updateRun">["duration_seconds"];
  readonly [field: string]: unknown;
}

/** The metrics of one step and split. */
export type MetricRow = BodyOf<"logStepMetric"> & {
  /** The id of its run. */
  readonly run_id: string;
};

/** An eval, with its id. */
export type EvalRow = BodyOf<"createEval"> & {
  /** A UUID. */
  readonly id: string;
  /** The id of its run. */
  readonly run_id: string;
};

/** A checkpoint, with its id. */
export type CheckpointRow = BodyOf<"addCheckpoint"> & {
  /** A UUID. */
  readonly id: string;
  /** The id of its run. */
  readonly run_id: string;
};

/** One prediction of a batch. */
export type PredictionRow = BodyOf<"logPredictions">["predictions"][number] & {
  /** The id of its run. */
  readonly run_id: string;
};
