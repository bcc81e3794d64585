/** close-at-once.ts OPTIONS: writes, closes with a deadline, and prints the number of pending writes. */
import { DashboardClient } from "../../../../src/index.js";

const { closeTimeoutMs = 50, ...options } = JSON.parse(process.argv[2] ?? "{}");
const client = new DashboardClient({ apiKey: "k", projectId: "p", logLevel: "CRITICAL", ...options });
const { id: experiment_id } = await client.createExperiment({ experiment_name: "experiment" });
const { id: runId } = await client.createRun({ experiment_id, seed: 1 });
await client.logStepMetric(runId, { step: 1, loss: 1 });
const { pending } = await client.close({ timeoutMs: closeTimeoutMs });
console.log(`${pending} pending`);
