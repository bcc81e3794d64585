import type { Prediction, StepMetric } from "../../generated/types.js";
import type { StreamName } from "../api/routes.js";
import { assertSafeId } from "./paths.js";
import { type EvalReadOptions, type MetricReadOptions, type ReadOptions, validReadOptions } from "./read-options.js";
import { type CheckpointRow, type EvalRow, LocalExperimentStore } from "./store.js";

/** The store of a disabled client: always empty. The folder is neither read nor written. */
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

  override metrics(runId: string, options: MetricReadOptions = {}): AsyncIterable<StepMetric> {
    return noRows("metrics", runId, options);
  }

  override evals(runId: string, options: EvalReadOptions = {}): AsyncIterable<EvalRow> {
    return noRows("evals", runId, options);
  }

  override checkpoints(runId: string, options: ReadOptions = {}): AsyncIterable<CheckpointRow> {
    return noRows("checkpoints", runId, options);
  }

  override predictions(runId: string, options: ReadOptions = {}): AsyncIterable<Prediction> {
    return noRows("predictions", runId, options);
  }
}

function noRows(stream: StreamName, runId: string, options: MetricReadOptions): AsyncIterable<never> {
  assertSafeId(stream, "run_id", runId);
  validReadOptions(stream, options);
  return (async function* () {})();
}
