/** await-calls.ts OPTIONS: awaits one call after another with nothing else to do, and exits without closing. */
import { DashboardClient } from "../../../../src/index.js";

const client = new DashboardClient({ apiKey: "k", projectId: "p", ...JSON.parse(process.argv[2] ?? "{}") });
const { id: experiment_id } = await client.createExperiment({ experiment_name: "experiment" });
const { id: runId } = await client.createRun({ experiment_id, seed: 1 });
await client.logStepMetric(runId, { step: 1, loss: 1 });
await client.updateRun(runId, { status: "completed" });
console.log(JSON.stringify(client.status()));
