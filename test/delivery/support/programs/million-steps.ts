/** million-steps.ts OPTIONS: logs and delivers a million steps; prints the memory in use at three times. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DashboardClient } from "../../../../src/index.js";
import { printLine } from "../../../support/print.js";

const STEPS = 1_000_000;
const { baseUrl, logDir } = JSON.parse(process.argv[2] ?? "{}");
setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");
let peakRssBytes = 0;

function report(at: string, more: object = {}): void {
  collectGarbage();
  printLine(JSON.stringify({ at, heapBytes: process.memoryUsage().heapUsed, peakRssBytes, ...more }));
}

const client = new DashboardClient({
  baseUrl,
  logDir,
  apiKey: "k",
  projectId: "p",
  maxRetries: 0,
  logLevel: "CRITICAL",
});
const { id: experiment_id } = await client.createExperiment({ experiment_name: "long" });
const { id: runId } = await client.createRun({ experiment_id, seed: 1 });
for (let step = 0; step < STEPS; step += 1) {
  await client.logStepMetric(runId, { step, loss: 1 / (step + 1), accuracy: 0.5 });
  if (step % 1000 === 0) peakRssBytes = Math.max(peakRssBytes, process.memoryUsage().rss);
  if (step === STEPS / 10) report("down");
  if (step === STEPS / 2) report("up");
}
const { pending, rejected } = await client.flush({ timeoutMs: 600_000 });
peakRssBytes = Math.max(peakRssBytes, process.memoryUsage().rss);
report("delivered", { pending, rejected });
await client.close();
