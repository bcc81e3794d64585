import type { DashboardClient } from "../../../src/index.js";
import type { RecordedRequest } from "../../../src/testing/index.js";
import { tasksOf } from "./backend.js";
import { prediction } from "./predictions.js";

export interface Ids {
  readonly experimentId: string;
  readonly runId: string;
}

export interface FailingWrite {
  /** The name of the write in `failing`. */
  readonly write: string;
  /** The number of writes that it counts as. */
  readonly count: number;
  /** Makes the write; returns the id of its run. */
  readonly make: (client: DashboardClient, ids: Ids) => Promise<string>;
  readonly isMeant: (request: RecordedRequest) => boolean;
}

export const fieldsOf = ({ body }: RecordedRequest): Record<string, unknown> => Object(body);

/** One write of each kind that the backend never accepts. */
export const FAILING_WRITES: readonly (readonly [string, FailingWrite])[] = [
  [
    "a metrics row",
    {
      write: "metrics",
      count: 1,
      make: (client, { runId }) => client.logStepMetric(runId, { step: 1313, loss: 1 }).then(() => runId),
      isMeant: (request) => fieldsOf(request).step === 1313,
    },
  ],
  [
    "an eval",
    {
      write: "evals",
      count: 1,
      make: (client, { runId }) => client.createEval(runId, { metrics: { broken: 1 } }).then(() => runId),
      isMeant: (request) => Object(fieldsOf(request).metrics).broken === 1,
    },
  ],
  [
    "a checkpoint",
    {
      write: "checkpoints",
      count: 1,
      make: (client, { runId }) => client.addCheckpoint(runId, { uri: "s3://broken" }).then(() => runId),
      isMeant: (request) => fieldsOf(request).uri === "s3://broken",
    },
  ],
  [
    "a patch",
    {
      write: "patch",
      count: 1,
      make: (client, { runId }) => client.updateRun(runId, { duration_seconds: 1313 }).then(() => runId),
      isMeant: (request) => fieldsOf(request).duration_seconds === 1313,
    },
  ],
  [
    "a run create",
    {
      write: "create",
      count: 1,
      make: async (client, { experimentId }) => {
        const { id } = await client.createRun({ experiment_id: experimentId, seed: 1313 });
        return id;
      },
      isMeant: (request) => fieldsOf(request).seed === 1313,
    },
  ],
  [
    "a batch of predictions",
    {
      write: "predictions",
      count: 2,
      make: (client, { runId }) =>
        client.logPredictions(runId, [prediction("broken 1"), prediction("broken 2")]).then(() => runId),
      isMeant: (request) => tasksOf(request).includes("broken 1"),
    },
  ],
];

/** One of each other kind of write. */
export async function writeOthers(client: DashboardClient, { experimentId, runId }: Ids): Promise<void> {
  for (const step of [1, 2, 3]) await client.logStepMetric(runId, { step, loss: 1 });
  await client.addCheckpoint(runId, { uri: "s3://other" });
  await client.createEval(runId, { metrics: { other: 1 } });
  await client.logPredictions(runId, [prediction("other")]);
  await client.createRun({ experiment_id: experimentId, seed: 2 });
  await client.updateRun(runId, { status: "running" });
  await client.updateExperiment(experimentId, { current_iteration: 3 });
}
