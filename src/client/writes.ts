import type { ExperimentCreate, ExperimentPatch, Prediction, RunCreate, RunPatch } from "../../generated/types.js";
import { type CallOptions, timeoutOf } from "../api/call-options.js";
import { type CheckpointInput, type StepMetricInput, withDefaults } from "../api/inputs.js";
import type { BodyOf, Created, Input, ResponseOf, RowAdded } from "../api/routes.js";
import type { Delivery } from "../delivery/delivery.js";

/** The eight writes of a client, with the defaults of their fields. */
export abstract class ClientWrites {
  /** The project that new experiments belong to. */
  abstract readonly projectId: string | undefined;
  readonly #delivery: Delivery;

  /** @internal Its parameter would publish the types of the delivery. */
  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  /**
   * Creates an experiment (`/sdk/experiments/`, `experiment.json`).
   * @returns the fields sent, overlaid with the backend's response, plus `id`.
   */
  async createExperiment(body: Input<ExperimentCreate>, options?: CallOptions): Promise<Created<"createExperiment">> {
    const timeoutMs = timeoutOf("createExperiment", options);
    return this.#delivery.entities.createExperiment(withDefaults(body, { project_id: this.projectId }), timeoutMs);
  }

  /** Sets fields of an experiment (`/sdk/experiments/{experiment_id}/`, `experiment.json`). Returns the names of the fields set. */
  async updateExperiment(
    experimentId: string,
    patch: Input<ExperimentPatch>,
    options?: CallOptions,
  ): Promise<ResponseOf<"updateExperiment">> {
    return this.#delivery.entities.updateExperiment(experimentId, patch, timeoutOf("updateExperiment", options));
  }

  /**
   * Creates a run (`/sdk/runs/`, `generation.json`); the default `status` is pending.
   * @returns the fields sent, overlaid with the backend's response, plus `id`.
   */
  async createRun(body: Input<RunCreate>, options?: CallOptions): Promise<Created<"createRun">> {
    const timeoutMs = timeoutOf("createRun", options);
    return this.#delivery.entities.createRun(withDefaults(body, { status: "pending" }), timeoutMs);
  }

  /**
   * Sets fields of a run (`/sdk/runs/{run_id}/`, `generation.json`), also fields that the schema does not list. Returns the
   * names of the fields set.
   */
  async updateRun(runId: string, patch: Input<RunPatch>, options?: CallOptions): Promise<ResponseOf<"updateRun">> {
    return this.#delivery.entities.updateRun(runId, patch, timeoutOf("updateRun", options));
  }

  /**
   * Logs the metrics of one step (`/sdk/runs/{run_id}/metrics/`, `metrics.jsonl`). A series that is given both by name and
   * in `metrics`, with different values, is rejected.
   */
  logStepMetric(runId: string, input: StepMetricInput, options?: CallOptions): Promise<ResponseOf<"logStepMetric">> {
    try {
      return this.#delivery.logStepMetric(runId, input, timeoutOf("logStepMetric", options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Records an eval (`/sdk/runs/{run_id}/evals/`, `evals.jsonl`). Returns the row, with `id`. */
  async createEval(
    runId: string,
    body: Input<BodyOf<"createEval">>,
    options?: CallOptions,
  ): Promise<RowAdded<"createEval">> {
    return this.#delivery.addRow("createEval", runId, body, timeoutOf("createEval", options));
  }

  /** Records a checkpoint (`/sdk/runs/{run_id}/checkpoints/`, `checkpoints.jsonl`). Returns the row, with `id`. */
  async addCheckpoint(runId: string, body: CheckpointInput, options?: CallOptions): Promise<RowAdded<"addCheckpoint">> {
    const timeoutMs = timeoutOf("addCheckpoint", options);
    return this.#delivery.addRow("addCheckpoint", runId, withDefaults(body, { is_final: false }), timeoutMs);
  }

  /**
   * Logs predictions (`/sdk/runs/{run_id}/predictions/`, one line each in `predictions.jsonl`). A large array is read in
   * chunks: do not change its predictions until the call resolves. An empty array writes and sends nothing.
   * @returns how many predictions were accepted.
   */
  async logPredictions(
    runId: string,
    predictions: readonly Input<Prediction>[],
    options?: CallOptions,
  ): Promise<ResponseOf<"logPredictions">> {
    return this.#delivery.logPredictions(runId, predictions, timeoutOf("logPredictions", options));
  }
}
