import type { ExperimentCreate, ExperimentPatch, Prediction, RunPatch } from "../../generated/types.js";
import type { CallOptions } from "../api/call-options.js";
import type { CheckpointInput } from "../api/inputs.js";
import type { Created, Input, ResponseOf, RowAdded } from "../api/routes.js";
import type { Delivery } from "../delivery/delivery.js";
import type { Logger } from "../logger.js";
import type { LocalExperimentStore } from "../store/store.js";
import type { Findings } from "./findings.js";
import type { StepCounter } from "./step-counter.js";

/** The part of the client that a run uses. */
export interface RunClient {
  readonly timeoutMs: number;
  readonly projectId: string | undefined;
  /** Whether the mirror is neither read nor written. */
  readonly disabled: boolean;
  readonly local: LocalExperimentStore;
  createExperiment(body: Input<ExperimentCreate>): Promise<Created<"createExperiment">>;
  updateExperiment(
    experimentId: string,
    patch: Input<ExperimentPatch>,
    options?: CallOptions,
  ): Promise<ResponseOf<"updateExperiment">>;
  updateRun(runId: string, patch: Input<RunPatch>, options?: CallOptions): Promise<ResponseOf<"updateRun">>;
  addCheckpoint(runId: string, body: CheckpointInput, options?: CallOptions): Promise<RowAdded<"addCheckpoint">>;
  logPredictions(
    runId: string,
    predictions: readonly Input<Prediction>[],
    options?: CallOptions,
  ): Promise<ResponseOf<"logPredictions">>;
  flush(): Promise<unknown>;
}

/** What a run needs to write. */
export interface RunContext {
  readonly client: RunClient;
  readonly delivery: Delivery;
  readonly logger: Logger;
}

/** The parts of a started run. */
export interface StartedRun {
  /** Undefined if neither the mirror nor the caller knows it. */
  readonly experimentId: string | undefined;
  readonly runId: string;
  /** Whether the experiment ends with the run. */
  readonly endsExperiment: boolean;
  readonly signal: AbortSignal | undefined;
  readonly steps: StepCounter;
  readonly findings: Findings;
}
