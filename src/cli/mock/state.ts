import { randomUUID } from "node:crypto";
import type { BodyOf } from "../../api/routes.js";
import { type CheckpointRow, type EvalRow, MockState } from "../../testing/index.js";
import { KeyMemory } from "../../testing/key-memory.js";

/** Tens of megabytes, and far more requests than any client has in flight. */
const REMEMBERED_KEYS = 100_000;

/** The number of committed writes by kind. */
export interface WrittenCounts {
  readonly experiments: number;
  readonly runs: number;
  readonly metrics: number;
  readonly evals: number;
  readonly checkpoints: number;
  readonly predictions: number;
  readonly patches: number;
}

/**
 * The state of a mock server that may run for days: it keeps experiments, runs and the latest keys, but only counts
 * rows.
 */
export class CountingState extends MockState {
  override readonly keys = new KeyMemory(REMEMBERED_KEYS);
  readonly #rows = { metrics: 0, evals: 0, checkpoints: 0, predictions: 0, patches: 0 };

  /** The number of committed writes by kind. */
  get written(): WrittenCounts {
    return { experiments: this.experiments.length, runs: this.runs.length, ...this.#rows };
  }

  override patchExperiment(id: string, patch: BodyOf<"updateExperiment">): void {
    this.#rows.patches += 1;
    super.patchExperiment(id, patch);
  }

  override patchRun(id: string, patch: BodyOf<"updateRun">): void {
    this.#rows.patches += 1;
    super.patchRun(id, patch);
  }

  override addMetric(): void {
    this.#rows.metrics += 1;
  }

  override addEval(runId: string, body: BodyOf<"createEval">): EvalRow {
    this.#rows.evals += 1;
    return { id: randomUUID(), run_id: runId, ...body };
  }

  override addCheckpoint(runId: string, body: BodyOf<"addCheckpoint">): CheckpointRow {
    this.#rows.checkpoints += 1;
    return { id: randomUUID(), run_id: runId, ...body };
  }

  override addPredictions(_runId: string, { predictions }: BodyOf<"logPredictions">): void {
    this.#rows.predictions += predictions.length;
  }
}
