import type { Prediction, StepMetric } from "../../generated/types.js";
import { refuseUnsafeId } from "./paths.js";
import { type CheckpointRow, type EvalRow, LocalExperimentStore } from "./store.js";

/** The mirror of a disabled client: it holds nothing, whatever lies in its folder, and is neither read nor written. */
export class EmptyStore extends LocalExperimentStore {
  override experiments(): [] {
    return [];
  }

  override experiment(id: string): undefined {
    refuseUnsafeId("experiment", "experiment_id", id);
  }

  override runs(): [] {
    return [];
  }

  override run(id: string): undefined {
    refuseUnsafeId("run", "run_id", id);
  }

  override metrics(runId: string): AsyncIterable<StepMetric> {
    return noRows("metrics", runId);
  }

  override evals(runId: string): AsyncIterable<EvalRow> {
    return noRows("evals", runId);
  }

  override checkpoints(runId: string): AsyncIterable<CheckpointRow> {
    return noRows("checkpoints", runId);
  }

  override predictions(runId: string): AsyncIterable<Prediction> {
    return noRows("predictions", runId);
  }
}

function noRows(method: string, runId: string): AsyncIterable<never> {
  refuseUnsafeId(method, "run_id", runId);
  return (async function* () {})();
}
