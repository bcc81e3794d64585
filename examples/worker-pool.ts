/**
 * A pool of processes that log to one run: each has a client of its own on the same mirror. One of them sends for all.
 * Run it with `npx tsx examples/worker-pool.ts`: it writes to ./evsys_sdk, and to the backend too if EVSYS_API_URL is set.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { DashboardClient } from "evsys-sdk";

const WORKERS = 3;
const STEPS = 30;

const [runId, worker] = process.argv.slice(2);
await using client = new DashboardClient({
  ...(process.env.EVSYS_API_URL ? {} : { offline: true }),
  // The lead sends what a worker has not sent when it ends: no notice is needed.
  ...(runId === undefined ? {} : { logLevel: "ERROR" }),
});
if (runId === undefined) await lead();
else await work(runId, Number(worker));

/** Starts the run and the workers, and ends the run when they have ended. */
async function lead(): Promise<void> {
  await client.withRun({ experiment_name: "Worker pool", run_config: { workers: WORKERS } }, async (run) => {
    await Promise.all(Array.from({ length: WORKERS }, (_, number) => ended(run.runId, number)));
  });
  console.log(`${WORKERS} workers logged ${STEPS} steps each.`);
}

async function ended(runId: string, number: number): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), [runId, String(number)]);
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`Worker ${number} ended with ${code}.`);
}

/** Logs to the run by its id: the workers share the steps among them, and each has a series of its own. */
async function work(runId: string, worker: number): Promise<void> {
  for (let step = 0; step < STEPS; step += 1) {
    await client.logStepMetric(runId, { step, metrics: { [`loss_of_worker_${worker}`]: 1 / (step + 1 + worker) } });
  }
  await client.logPredictions(runId, [
    { kind: "rollout", instruction: "Which worker?", model_output: `Worker ${worker}.`, sample_idx: worker },
  ]);
}
