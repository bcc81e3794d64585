import type { Prediction, StepMetric } from "../../generated/types.js";
import { assertSafeId } from "./paths.js";
import { type CheckpointRow, type EvalRow, LocalExperimentStore } from "./store.js";

/** The mirror of a disabled client: it holds nothing, whatever lies in its folder, and is neither read nor written. */
export class EmptyStore extends LocalExperimentStore {
  override experiments(): [] {
    return [];
  }

  override experiment(id: string): undefined {
    assertSafeId("experiment", "experiment_id", id);
  }

  override runs(): [] {
    return [];
  }

  override run(id: string): undefined {
    assertSafeId("run", "run_id", id);
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
  assertSafeId(method, "run_id", runId);
  return (async function* () {})();
}
