import { randomUUID } from "node:crypto";
import type { BodyOf } from "../api/routes.js";
import { KeyMemory } from "./key-memory.js";
import type { CheckpointRow, EvalRow, ExperimentRow, MetricRow, PredictionRow, RunRow } from "./rows.js";

const BEFORE_ANY_PATCH = { status: "pending" } as const;

/**
 * The state of a mock server: its rows and the idempotency keys of its writes. Pass the state of a stopped server to a new
 * one (`startMockServer({ state: old.state })`) to simulate a restart.
 *
 * The arrays stay the same for the life of the state and grow in the order of the writes. A row is never changed in place:
 * a patch replaces the row.
 */
export class MockState {
  readonly #experiments: ExperimentRow[] = [];
  readonly #runs: RunRow[] = [];
  readonly #metrics: MetricRow[] = [];
  readonly #evals: EvalRow[] = [];
  readonly #checkpoints: CheckpointRow[] = [];
  readonly #predictions: PredictionRow[] = [];
  readonly #experimentAt = new Map<string, number>();
  readonly #runAt = new Map<string, number>();

  /** @internal The idempotency keys of committed writes. */
  readonly keys = new KeyMemory();

  /** The experiments, oldest first. */
  get experiments(): readonly ExperimentRow[] {
    return this.#experiments;
  }

  /** The runs, oldest first. */
  get runs(): readonly RunRow[] {
    return this.#runs;
  }

  /** The metric rows of all runs, in the order they arrived. */
  get metrics(): readonly MetricRow[] {
    return this.#metrics;
  }

  /** The evals of all runs, in the order they arrived. */
  get evals(): readonly EvalRow[] {
    return this.#evals;
  }

  /** The checkpoints of all runs, in the order they arrived. */
  get checkpoints(): readonly CheckpointRow[] {
    return this.#checkpoints;
  }

  /** The predictions of all runs, one entry each, in the order they arrived. */
  get predictions(): readonly PredictionRow[] {
    return this.#predictions;
  }

  /** Whether an experiment has this id. */
  hasExperiment(id: string): boolean {
    return this.#experimentAt.has(id);
  }

  /** Whether a run has this id. */
  hasRun(id: string): boolean {
    return this.#runAt.has(id);
  }

  /** Adds an experiment with a new id. */
  addExperiment(body: BodyOf<"createExperiment">): ExperimentRow {
    const row: ExperimentRow = { id: randomUUID(), ...BEFORE_ANY_PATCH, ...body };
    this.#experimentAt.set(row.id, this.#experiments.push(row) - 1);
    return row;
  }

  /** Sets fields of an experiment. No effect if no experiment has this id. */
  patchExperiment(id: string, patch: BodyOf<"updateExperiment">): void {
    patchRow(this.#experiments, this.#experimentAt.get(id), (row) => ({ ...row, ...patch }));
  }

  /** Adds a run with a new id. The caller checks that its experiment exists. */
  addRun(body: BodyOf<"createRun">): RunRow {
    const row: RunRow = { id: randomUUID(), ...BEFORE_ANY_PATCH, ...body };
    this.#runAt.set(row.id, this.#runs.push(row) - 1);
    return row;
  }

  /** Sets fields of a run except its id. No effect if no run has this id. */
  patchRun(id: string, patch: BodyOf<"updateRun">): void {
    patchRow(this.#runs, this.#runAt.get(id), (row) => ({ ...row, ...patch, id }));
  }

  /** Adds a metric row to a run. */
  addMetric(runId: string, body: BodyOf<"logStepMetric">): void {
    this.#metrics.push({ run_id: runId, ...body });
  }

  /** Adds an eval with a new id to a run. */
  addEval(runId: string, body: BodyOf<"createEval">): EvalRow {
    const row = { id: randomUUID(), run_id: runId, ...body };
    this.#evals.push(row);
    return row;
  }

  /** Adds a checkpoint with a new id to a run. */
  addCheckpoint(runId: string, body: BodyOf<"addCheckpoint">): CheckpointRow {
    const row = { id: randomUUID(), run_id: runId, ...body };
    this.#checkpoints.push(row);
    return row;
  }

  /** Adds the predictions of a batch to a run. */
  addPredictions(runId: string, body: BodyOf<"logPredictions">): void {
    for (const prediction of body.predictions) this.#predictions.push({ run_id: runId, ...prediction });
  }

  /** Removes all rows and all keys. */
  clear(): void {
    const collections = [
      this.#experiments,
      this.#runs,
      this.#metrics,
      this.#evals,
      this.#checkpoints,
      this.#predictions,
    ];
    for (const rows of collections) rows.length = 0;
    this.#experimentAt.clear();
    this.#runAt.clear();
    this.keys.clear();
  }
}

function patchRow<Row>(rows: Row[], at: number | undefined, patched: (row: Row) => Row): void {
  const row = at === undefined ? undefined : rows[at];
  if (at !== undefined && row !== undefined) rows[at] = patched(row);
}
