import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { DashboardClientOptions } from "../../src/index.js";
import type { MockServer } from "../../src/testing/index.js";
import { collected } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { until } from "../support/until.js";
import { backend, clientFor, sync, written } from "./support/backend.js";
import { mirrorAt } from "./support/compare.js";

const NOWHERE = { url: "http://127.0.0.1:9" };

function offline(logDir: string, options: DashboardClientOptions = {}) {
  return clientFor(NOWHERE, logDir, { offline: true, ...options });
}

/** A run that a first job begins offline. */
async function begun(logDir: string, steps: number): Promise<string> {
  const client = offline(logDir);
  const run = await client.startRun({ experiment_name: "e", seed: 1 });
  for (let step = 0; step < steps; step += 1) await run.logStep({ loss: 0 });
  await client.close();
  return run.runId;
}

/** A job that resumes a run offline, patches it, and logs steps with its number as the loss. */
async function resumed(logDir: string, runId: string, job: number, steps: readonly number[]): Promise<void> {
  const client = offline(logDir);
  const run = await client.startRun({ run_id: runId });
  for (const step of steps) await run.logStep(step, { loss: job });
  await run.updateRun({ job });
  await client.close();
}

const logged = (server: MockServer): string[] => server.metrics.map(({ step, metrics }) => `${step}: ${metrics.loss}`);
const lossAt = (server: MockServer, step: number): unknown =>
  server.metrics.findLast((row) => row.step === step)?.metrics.loss;

describe("a run whose jobs had separate mirrors", () => {
  async function threeMirrors() {
    const root = temporaryFolder();
    const logDirs = ["c", "a", "b"].map((name) => join(root, name)) as [string, string, string];
    const [first, second, third] = logDirs;
    const runId = await begun(first, 4);
    await resumed(second, runId, 1, [2, 3, 4, 5]);
    await resumed(third, runId, 2, [5, 6, 7]);
    // The first mirror comes last as well: its parts go before and after the others.
    await resumed(first, runId, 3, [7, 8]);
    return { runId, logDirs };
  }

  it("arrives as one run, with every row once and in order, and patches by time", async () => {
    const [server, { logDirs }] = [await backend(), await threeMirrors()];
    const report = await sync(server, "", { logDirs: logDirs.toReversed(), concurrency: 1 });
    expect(report).toMatchObject({ delivered: 21, pending: 0, rejected: 0 });
    expect(logged(server)).toEqual("0: 0,1: 0,2: 0,3: 0,2: 1,3: 1,4: 1,5: 1,5: 2,6: 2,7: 2,7: 3,8: 3".split(","));
    expect(server.runs).toHaveLength(1);
    expect(server.experiments).toHaveLength(1);
    const patches = written(server, /\/sdk\/runs\/[^/]+\/$/).map(({ body }) => Object(body).job ?? Object(body).status);
    expect(patches).toEqual(["running", 1, "running", 2, "running", 3]);
  });

  it("has its patches in order of time also if an earlier one fails at first", async () => {
    const [server, { logDirs }] = [await backend(), await threeMirrors()];
    server.failNext({ status: 500, match: ({ body }) => Object(body).job === 1 });
    expect(await sync(server, "", { logDirs })).toMatchObject({ delivered: 21, pending: 0, rejected: 0 });
    const jobs = written(server, /\/sdk\/runs\/[^/]+\/$/).flatMap(({ body }) => Object(body).job ?? []);
    expect(jobs).toEqual([1, 2, 3]);
  });

  it("has the last value of each step with many rows in flight", async () => {
    const [server, { logDirs }] = [await backend(), await threeMirrors()];
    server.failNext({ status: 503, times: 2, match: ({ body }) => Object(body).step === 5 });
    expect(await sync(server, "", { logDirs })).toMatchObject({ delivered: 21, pending: 0 });
    expect([2, 3, 4, 5, 6, 7, 8].map((step) => lossAt(server, step))).toEqual([1, 1, 1, 2, 2, 3, 3]);
    expect(server.requests.filter(({ repeated }) => repeated)).toEqual([]);
  });

  it("stays pending until its first mirror is included", async () => {
    const [server, { logDirs }] = [await backend(), await threeMirrors()];
    const [first, ...others] = logDirs;
    expect(await sync(server, "", { logDirs: others })).toMatchObject({ delivered: 0, pending: 11, rejected: 0 });
    expect(await sync(server, "", { logDirs: [...others, first] })).toMatchObject({ delivered: 21, pending: 0 });
    expect(server.metrics).toHaveLength(13);
  });

  it("is tried from each mirror if the backend does not know it", async () => {
    const root = temporaryFolder();
    const logDirs = ["a", "b"].map((name) => join(root, name));
    for (const logDir of logDirs) await resumed(logDir, "lost", 1, []);
    const server = await backend();
    expect(await sync(server, "", { logDirs })).toMatchObject({ delivered: 0, pending: 4, rejected: 0 });
    expect(new Set(server.requests.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(2);
  });

  it("is sent later from a mirror that has only a later job, using the run's id at the backend", async () => {
    const [server, root] = [await backend(), temporaryFolder()];
    await begun(join(root, "a"), 1);
    await sync(server, join(root, "a"));
    const backendId = String(server.runs[0]?.id);
    await resumed(join(root, "b"), backendId, 1, [0]);
    expect(await sync(server, join(root, "b"))).toMatchObject({ delivered: 3, pending: 0 });
    expect(logged(server)).toEqual(["0: 0", "0: 1"]);
  });
});

describe("a step that is logged again", () => {
  it("arrives after an earlier row of the step that failed, and delays no other row", async () => {
    const [server, logDir] = [await backend(), temporaryFolder()];
    const runId = await begun(logDir, 3);
    await resumed(logDir, runId, 1, [1, 3]);
    let failures = 2;
    const match = ({ body }: { readonly body: unknown }): boolean => Object(body).step === 1 && failures-- > 0;
    server.failNext({ status: 503, times: 2, match });
    expect(await sync(server, logDir, { concurrency: 2 })).toMatchObject({ pending: 0, rejected: 0 });
    expect(logged(server).filter((row) => row.startsWith("1:"))).toEqual(["1: 0", "1: 1"]);
    expect(logged(server).slice(-2)).toEqual(["1: 0", "1: 1"]);
  });

  it("arrives after a rejected row of the step that is sent again", async () => {
    const [server, logDir] = [await backend(), temporaryFolder()];
    const runId = await begun(logDir, 2);
    server.failNext({ status: 422, match: ({ body }) => Object(body).step === 1 });
    expect(await sync(server, logDir)).toMatchObject({ rejected: 1 });
    await resumed(logDir, runId, 1, [1]);
    expect(await sync(server, logDir, { retryRejected: true })).toMatchObject({ pending: 0, rejected: 0 });
    expect(logged(server)).toEqual(["0: 0", "1: 0", "1: 1"]);
  });

  it("does not overtake the backlog of an earlier job, though its call waits for the backend", async () => {
    const [server, logDir] = [await backend(), temporaryFolder()];
    const runId = await begun(logDir, 1);
    await sync(server, logDir);
    await resumed(
      logDir,
      runId,
      0,
      Array.from({ length: 299 }, (_, at) => at + 1),
    );
    const client = clientFor(server, logDir);
    const run = await client.startRun({ run_id: runId });
    await run.logStep(299, { loss: 1 });
    await run.logStep({ loss: 1 });
    await run.complete();
    expect(await client.close()).toMatchObject({ pending: 0, rejected: 0 });
    expect(server.metrics).toHaveLength(302);
    expect(lossAt(server, 299)).toBe(1);
    expect(lossAt(server, 300)).toBe(1);
    expect(server.runs).toMatchObject([{ status: "completed" }]);
  });

  it("does not overtake the rows of an outage in the same process", async () => {
    const [server, logDir] = [await backend(), temporaryFolder()];
    const client = clientFor(server, logDir, { maxRetries: 0 });
    const run = await client.startRun({ experiment_name: "e" });
    const { port, state } = server;
    await server.stop();
    for (let step = 0; step < 200; step += 1) await run.logStep({ loss: 0 });
    const back = await backend({ port, state });
    const flushed = client.flush({ timeoutMs: 10_000 });
    await until(() => back.metrics.length > 0);
    await run.logStep(199, { loss: 1 });
    await flushed;
    expect(await client.flush()).toMatchObject({ pending: 0 });
    expect(back.metrics).toHaveLength(201);
    expect(lossAt(back, 199)).toBe(1);
  });

  it("is the last value for readers too, whichever writer logged it", async () => {
    const logDir = temporaryFolder();
    const runId = await begun(logDir, 2);
    // Two jobs at once have files of their own.
    const [one, other] = [offline(logDir), offline(logDir, { baseUrl: "http://127.0.0.1:8" })];
    const [first, second] = [await one.startRun({ run_id: runId }), await other.startRun({ run_id: runId })];
    await first.logStep(2, { loss: 1 });
    await second.logStep(2, { loss: 2 });
    await one.close();
    await other.close();
    await resumed(logDir, runId, 3, [2]);
    const rows = await collected(mirrorAt(logDir).metrics(runId, { last: true }));
    expect(rows.map(({ step, metrics }) => `${step}: ${metrics.loss}`)).toEqual(["0: 0", "1: 0", "2: 3"]);
  });
});
