/** many-runs.ts OPTIONS: logs two steps to each of many runs in turn, and prints the result. */

import { DashboardClient, syncMirror } from "../../../../src/index.js";
import { printLine } from "../../../support/print.js";

const { runs, syncs, ...options } = JSON.parse(process.argv[2] ?? "{}");
const client = new DashboardClient({ apiKey: "k", projectId: "p", logLevel: "CRITICAL", maxRetries: 0, ...options });
const { id: experiment_id } = await client.createExperiment({ experiment_name: "sweep" });
const ids: string[] = [];
for (let seed = 0; seed < runs; seed += 1) ids.push((await client.createRun({ experiment_id, seed })).id);
for (const step of [1, 2]) for (const id of ids) await client.logStepMetric(id, { step, loss: 1 });
const { delivered, pending } = await client.close({ timeoutMs: 100 });
printLine(JSON.stringify({ delivered, pending }));
if (syncs !== undefined) {
  const report = await syncMirror({ ...syncs, apiKey: "k", projectId: "p", logDirs: [options.logDir] });
  printLine(JSON.stringify({ delivered: report.delivered, pending: report.pending }));
}
