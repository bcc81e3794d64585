import { join } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { DashboardClient } from "../../../src/index.js";
import { acquireLock, isLock, SENDER_LOCK } from "../../../src/journal/lock.js";
import { startMockServer } from "../../../src/testing/index.js";

// A worker logs a step and is terminated; then the main thread logs one to the same run.
if (isMainThread) {
  const server = await startMockServer();
  const options = {
    baseUrl: server.url,
    apiKey: "k",
    projectId: "p",
    logDir: process.argv[2] ?? "",
    logLevel: "CRITICAL",
  } as const;
  const maker = new DashboardClient(options);
  const experiment = await maker.createExperiment({ experiment_name: "iris" });
  const { id } = await maker.createRun({ experiment_id: experiment.id });
  await maker.close();
  const worker = new Worker(new URL(import.meta.url), { workerData: { options, id } });
  await new Promise((resolve) => worker.once("message", resolve));
  const folder = join(options.logDir, "generations", id, "sync");
  const isFree = (): boolean => {
    const lock = acquireLock(folder, SENDER_LOCK);
    if (isLock(lock)) lock.release();
    return isLock(lock);
  };
  const whileAlive = isFree();
  await worker.terminate();
  const afterwards = isFree();
  const client = new DashboardClient(options);
  await client.logStepMetric(id, { step: 2, loss: 1 });
  const { pending } = await client.close();
  const steps = server.metrics.map(({ step }) => step);
  process.stdout.write(JSON.stringify({ whileAlive, afterwards, pending, steps }));
  await server.stop();
} else {
  const client = new DashboardClient(workerData.options);
  await client.logStepMetric(workerData.id, { step: 1, loss: 1 });
  parentPort?.postMessage("logged");
  setInterval(() => {}, 1_000);
}
