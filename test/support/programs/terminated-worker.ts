import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { DashboardClient } from "../../../src/index.js";
import { startMockServer } from "../../../src/testing/index.js";

// A worker logs a step and is terminated; before and after, the main thread logs one to the same run.
if (isMainThread) {
  const server = await startMockServer();
  const options = {
    baseUrl: server.url,
    apiKey: "k",
    projectId: "p",
    logDir: process.argv[2],
    logLevel: "CRITICAL",
  } as const;
  const maker = new DashboardClient(options);
  const experiment = await maker.createExperiment({ experiment_name: "iris" });
  const { id } = await maker.createRun({ experiment_id: experiment.id });
  await maker.close();
  const start = `import("tsx/esm/api").then(({ register }) => { register(); return import(${JSON.stringify(import.meta.url)}); });`;
  const worker = new Worker(start, { eval: true, workerData: { options, id } });
  await new Promise((resolve) => worker.once("message", resolve));
  const countsOf = async (step: number): Promise<object> => {
    const client = new DashboardClient(options);
    await client.logStepMetric(id, { step, loss: 1 });
    const { byKind } = await client.close({ timeoutMs: 500 });
    return { pending: byKind.metrics.pending, delivered: byKind.metrics.delivered };
  };
  const whileAlive = await countsOf(2);
  await worker.terminate();
  const { delivered } = Object(await countsOf(3));
  const afterwards = { pending: 0, delivered: delivered - 1 };
  const steps = server.metrics.map(({ step }) => step).sort();
  process.stdout.write(JSON.stringify({ whileAlive, afterwards, steps }));
  await server.stop();
} else {
  const client = new DashboardClient(workerData.options);
  await client.logStepMetric(workerData.id, { step: 1, loss: 1 });
  parentPort?.postMessage("logged");
  setInterval(() => {}, 1_000);
}
