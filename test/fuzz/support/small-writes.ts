import { expect } from "vitest";
import type { DashboardClient, OperationName } from "../../../src/index.js";
import { UUID } from "../../support/clients.js";
import type { Ids } from "../../support/writes.js";

const PREDICTION = { kind: "eval", instruction: "i", model_output: "o" } as const;

/** A minimal write of each kind. */
export interface Write {
  readonly name: OperationName | "post";
  /** The number of writes that it counts as. */
  readonly writes: number;
  readonly call: (client: DashboardClient, ids: Ids) => Promise<unknown>;
}

export const WRITES: readonly Write[] = [
  { name: "createExperiment", writes: 1, call: (c) => c.createExperiment({ experiment_name: "x" }) },
  { name: "updateExperiment", writes: 1, call: (c, ids) => c.updateExperiment(ids.experimentId, { plan: "p" }) },
  { name: "createRun", writes: 1, call: (c, ids) => c.createRun({ experiment_id: ids.experimentId }) },
  { name: "updateRun", writes: 1, call: (c, ids) => c.updateRun(ids.runId, { gpu: "H100" }) },
  { name: "logStepMetric", writes: 1, call: (c, ids) => c.logStepMetric(ids.runId, { step: 1, loss: 1 }) },
  { name: "createEval", writes: 1, call: (c, ids) => c.createEval(ids.runId, { metrics: { a: 1 } }) },
  { name: "addCheckpoint", writes: 1, call: (c, ids) => c.addCheckpoint(ids.runId, { uri: "u" }) },
  { name: "logPredictions", writes: 2, call: (c, ids) => c.logPredictions(ids.runId, [PREDICTION, PREDICTION]) },
  { name: "post", writes: 0, call: (c) => c.post("/sdk/experiments/", { experiment_name: "x" }) },
];

/** What the calls return if the backend is unavailable. */
export const LOCAL_RESULTS = {
  createExperiment: { experiment_name: "x", id: expect.stringMatching(UUID) },
  updateExperiment: { patched: ["plan"] },
  createRun: { status: "pending", id: expect.stringMatching(UUID) },
  updateRun: { patched: ["gpu"] },
  logStepMetric: { ok: true },
  createEval: { ok: true, metrics: { a: 1 }, id: expect.stringMatching(UUID) },
  addCheckpoint: { ok: true, uri: "u", id: expect.stringMatching(UUID) },
  logPredictions: { ok: true, inserted: 2 },
};
