import type { BodyOf } from "../operations.js";

type Status = NonNullable<BodyOf<"createRun">["status"]>;
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
  readonly error_message?: BodyOf<"updateRun">["error_message"];
  readonly summary?: BodyOf<"updateRun">["summary"];
  readonly duration_seconds?: BodyOf<"updateRun">["duration_seconds"];
  readonly [field: string]: unknown;
}

/** The series of one step on one split. */
export type MetricRow = BodyOf<"logStepMetric"> & { readonly run_id: string };

/** An eval, with the UUID it was given. */
export type EvalRow = BodyOf<"createEval"> & { readonly id: string; readonly run_id: string };

/** A checkpoint, with the UUID it was given. */
export type CheckpointRow = BodyOf<"addCheckpoint"> & { readonly id: string; readonly run_id: string };

/** One prediction of a batch. */
export type PredictionRow = BodyOf<"logPredictions">["predictions"][number] & { readonly run_id: string };
