/**
 * cluster-job.ts OPTIONS: one job of a cluster: begins a run or resumes it, offline, logs steps, and waits to be killed. Prints
 * the run's id, then a line for each step that was accepted.
 */
import { DashboardClient } from "../../../../src/index.js";
import { printLine } from "../../../support/print.js";
import type { ClusterJob } from "../cluster.js";

const { logDir, job, runId, firstStep, steps }: ClusterJob = JSON.parse(process.argv[2] ?? "{}");
const client = new DashboardClient({ logDir, offline: true, projectId: "p", logLevel: "CRITICAL" });
const run = await client.startRun(
  runId === undefined ? { experiment_name: "cluster", seed: 1 } : { run_id: runId, trackBest: "loss" },
);
printLine(JSON.stringify({ runId: run.runId }));
for (let step = firstStep; step < firstStep + steps; step += 1) {
  await run.logStep(step, { loss: job });
  if (step % 10 === 0) await run.logStep(step, { loss: job }, { split: "val" });
  if (step % 25 === 0) await run.updateRun({ reached: step, job });
  printLine(JSON.stringify({ step }));
}
setInterval(() => {}, 60_000);
