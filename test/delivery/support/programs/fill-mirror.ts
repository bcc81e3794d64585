/** fill-mirror.ts OPTIONS: writes a mirror with a number of metrics and, in batches, predictions. */

import { DashboardClient } from "../../../../src/index.js";
import { printLine } from "../../../support/print.js";
import { prediction } from "../predictions.js";

const { logDir, metrics, predictions } = JSON.parse(process.argv[2] ?? "{}");
const BATCH = 100;
const client = new DashboardClient({ logDir, offline: true, logLevel: "CRITICAL" });
const { id: experiment_id } = await client.createExperiment({ experiment_name: "large" });
const { id: runId } = await client.createRun({ experiment_id, seed: 1 });
for (let step = 0; step < metrics; step += 1) {
  await client.logStepMetric(runId, { step, loss: 1 / (step + 1), accuracy: 0.5, learning_rate: 1e-4 });
}
for (let task = 0; task < predictions; task += BATCH) {
  const batch = Array.from({ length: BATCH }, (_, at) => prediction(String(task + at)));
  await client.logPredictions(runId, batch);
}
await client.close();
printLine("filled");
