import { describe, expect, it } from "vitest";
import { EvsysError } from "../../src/index.js";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { deadServer } from "../support/servers.js";
import { until } from "../support/until.js";
import { backend, clientFor, runOf, sync, written } from "./support/backend.js";
import { differences, mirrorAt, NONE } from "./support/compare.js";
import { prediction } from "./support/predictions.js";
import { startProgram } from "./support/program.js";
import { remoteClient } from "./support/remote-client.js";

const NOTHING = { delivered: 0, pending: 0, rejected: 0, skipped: 0 };

describe('delivery: "await"', () => {
  it("resolves with the backend's response", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir);
    const { experimentId, runId } = await runOf(client);
    expect(server.experiments.map(({ id }) => id)).toEqual([experimentId]);
    expect(server.runs.map(({ id }) => id)).toEqual([runId]);
    const evaluation = await client.createEval(runId, { metrics: { a: 1 } });
    expect(server.evals.map(({ id }) => id)).toEqual([evaluation.id]);
    expect(await client.logPredictions(runId, [prediction("a"), prediction("b")])).toEqual({ ok: true, inserted: 2 });
    expect(server.predictions).toHaveLength(2);
  });

  it("sends a patch after the rows that were already in flight", async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ latencyMs: 10 })];
    const client = clientFor(server, logDir, { concurrency: 2 });
    const { runId } = await runOf(client);
    const rows = [1, 2, 3, 4, 5].map((step) => client.logStepMetric(runId, { step, loss: 1 }));
    const patch = client.updateRun(runId, { status: "completed" });
    await Promise.all([...rows, patch]);
    await client.flush();
    expect(server.requests.slice(-6).map(({ path }) => path.endsWith("/metrics/"))).toEqual([
      ...Array(5).fill(true),
      false,
    ]);
  });

  it("resolves a call with many predictions once", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir);
    const { runId } = await runOf(client);
    const rows = Array.from({ length: 1_000 }, (_, n) => prediction(`${n}`));
    expect(await client.logPredictions(runId, rows)).toEqual({ ok: true, inserted: 1_000 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("counts the time in the queue towards the timeout", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { concurrency: 1, timeoutMs: 1_000, maxRetries: 0 });
    const { runId } = await runOf(client);
    server.failNext({ hang: true, times: Number.POSITIVE_INFINITY, match: ({ body }) => Object(body).step === 1 });
    const calls = [1, 2, 3, 4].map((step) => client.logStepMetric(runId, { step, loss: 1 }));
    const patch = client.updateRun(runId, { status: "completed" });
    expect(await Promise.all(calls)).toEqual(Array(4).fill({ ok: true }));
    expect(await patch).toEqual({ id: runId, patched: ["status"] });
    const back = await backend({ state: server.state });
    await client.close({ timeoutMs: 1 });
    expect(await sync(back, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, back)).toEqual(NONE);
  });

  it("has at most `concurrency` rows of a stream in flight, and uses that limit", async () => {
    const [logDir, server, logger] = [temporaryFolder(), await backend(), recordingLogger()];
    const client = clientFor(server, logDir, { concurrency: 3, logger });
    const { runId } = await runOf(client);
    const before = server.requests.length;
    const takeBack = server.failNext({ hang: true, times: Number.POSITIVE_INFINITY });
    const calls = Array.from({ length: 10 }, (_, step) => client.logStepMetric(runId, { step, loss: 1 }));
    await until(() => server.requests.length === before + 3);
    // Time for a fourth one to show itself: a request of another stream goes there and back.
    takeBack();
    await client.createEval(runId, { metrics: { a: 1 } });
    expect(server.requests.filter(({ path }) => path.endsWith("/metrics/"))).toHaveLength(3);
    await client.close({ timeoutMs: 1 });
    await Promise.all(calls);
    // Ending the requests in flight is no fault.
    expect(logger.lines).toEqual([]);
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe('delivery: "background"', () => {
  it("resolves from the mirror before the backend responds", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const takeBack = server.failNext({ hang: true, times: Number.POSITIVE_INFINITY });
    const client = clientFor(server, logDir, { delivery: "background", timeoutMs: 1_000, maxRetries: 0 });
    const { runId } = await runOf(client);
    expect(await client.logStepMetric(runId, { step: 1, loss: 1 })).toEqual({ ok: true });
    expect(await client.logPredictions(runId, [prediction("a")])).toEqual({ ok: true, inserted: 1 });
    expect(mirrorAt(logDir).run(runId)).toMatchObject({ id: runId });
    expect(client.status()).toMatchObject({ pending: 4 });
    takeBack();
    expect(await client.flush({ timeoutMs: 20_000 })).toMatchObject({ delivered: 4, pending: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("throws nothing: rejected and blocked writes are passed to onDeliveryError, and counted", async () => {
    const [logDir, server, errors] = [temporaryFolder(), await backend(), [] as Error[]];
    const onDeliveryError = (error: Error) => void errors.push(error);
    const client = clientFor(server, logDir, { delivery: "background", onDeliveryError });
    const { experimentId, runId } = await runOf(client);
    server.failNext({ status: 422, body: { detail: "no" }, match: "/metrics/" });
    server.failNext({ status: 400, match: ({ body }) => Object(body).plan === "refused" });
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    await client.updateExperiment(experimentId, { plan: "refused" });
    await client.updateExperiment(experimentId, { plan: "taken" });
    const report = await client.flush();
    expect(report).toMatchObject({ delivered: 3, pending: 0, rejected: 2 });
    expect(report.byKind).toMatchObject({ metrics: { rejected: 1 }, patches: { delivered: 1, rejected: 1 } });
    expect(errors).toHaveLength(2);
    expect(errors).toMatchObject([{ status: 422, pending: false }, { status: 400 }]);
    expect(server.experiments).toMatchObject([{ plan: "taken" }]);
  });

  it("sends many rows of a loop at once if the loop never waits for the backend", async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ latencyMs: 5 })];
    const client = clientFor(server, logDir, { delivery: "background", concurrency: 4 });
    const { runId } = await runOf(client);
    for (let step = 0; step < 100; step += 1) await client.logStepMetric(runId, { step, loss: 1 });
    await client.updateRun(runId, { status: "completed" });
    expect(await client.close()).toMatchObject({ delivered: 103, pending: 0, rejected: 0 });
    expect(server.requests.at(-1)?.path).toBe(`/sdk/runs/${server.runs[0]?.id}/`);
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe.each(["await", "background"] as const)("flush() and close(), delivery %s", (delivery) => {
  it("return how many writes were delivered", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { delivery });
    const { experimentId, runId } = await runOf(client);
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    await client.logStepMetric(runId, { step: 2, loss: Number.NaN });
    await client.createEval(runId, { metrics: { a: 1 } });
    await client.addCheckpoint(runId, { uri: "s3://1" });
    await client.logPredictions(runId, [prediction("a"), prediction("b"), prediction("c")]);
    await client.updateRun(runId, { status: "running" });
    await client.updateExperiment(experimentId, { plan: "p" });
    const byKind = {
      experiments: { ...NOTHING, delivered: 1 },
      runs: { ...NOTHING, delivered: 1 },
      checkpoints: { ...NOTHING, delivered: 1 },
      evals: { ...NOTHING, delivered: 1 },
      metrics: { ...NOTHING, delivered: 1, skipped: 1 },
      predictions: { ...NOTHING, delivered: 3 },
      patches: { ...NOTHING, delivered: 2 },
    };
    const expected = { delivered: 10, pending: 0, rejected: 0, skipped: 1, byKind, durationMs: expect.any(Number) };
    expect(await client.flush()).toEqual(expected);
    expect(await client.close()).toEqual(expected);
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("end at their deadline if the backend hangs, and return what is pending", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { delivery });
    const { runId } = await runOf(client);
    await client.flush();
    server.failNext({ hang: true, times: Number.POSITIVE_INFINITY });
    const call = client.logStepMetric(runId, { step: 1, loss: 1 });
    await until(() => client.status().pending === 1);
    // Where the deadline does not hold, the limit of the test is what ends it.
    expect(await client.flush({ timeoutMs: 50 })).toMatchObject({ pending: 1, byKind: { metrics: { pending: 1 } } });
    expect(await client.close({ timeoutMs: 50 })).toMatchObject({ pending: 1, rejected: 0 });
    expect(await call).toEqual({ ok: true });
    expect(await differences(logDir, server)).toMatchObject({ missing: [expect.stringContaining("metrics")] });
  });

  it("without a deadline make one attempt at an unavailable backend", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { delivery, maxRetries: 0 });
    const { runId } = await runOf(client);
    await client.flush();
    await server.stop();
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    expect(await client.flush()).toMatchObject({ pending: 1 });
    expect(await client.close()).toMatchObject({ pending: 1, blocked: expect.stringContaining("unavailable") });
  });

  it("wait until their deadline for a backend that recovers", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { delivery, maxRetries: 0 });
    const { runId } = await runOf(client);
    await client.flush();
    await server.stop();
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    const closing = client.close({ timeoutMs: 30_000 });
    await until(() => client.status().remote === "down");
    const back = await backend({ port: server.port, state: server.state });
    expect(await closing).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, back)).toEqual(NONE);
  });

  it("close the client to further calls, and may be called again", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { delivery });
    const { runId } = await runOf(client);
    await client.close();
    await expect(client.logStepMetric(runId, { step: 1, loss: 1 })).rejects.toThrow(EvsysError);
    await expect(client.createRun({ experiment_id: "e" })).rejects.toThrow(/closed/);
    expect(await client.close()).toMatchObject({ pending: 0 });
    expect(mirrorAt(logDir).runs()).toHaveLength(1);
  });

  it("run at the end of the block with `await using`", async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ latencyMs: 5 })];
    {
      await using client = clientFor(server, logDir, { delivery });
      const { runId } = await runOf(client);
      void client.logStepMetric(runId, { step: 1, loss: 1 });
      void client.logStepMetric(runId, { step: 2, loss: 1 });
    }
    expect(written(server, /metrics/)).toHaveLength(2);
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe("close() in a process with nothing else to do", () => {
  it("resolves while the backlog is being sent", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    server.failNext({ hang: true, times: Number.POSITIVE_INFINITY });
    const options = { baseUrl: server.url, logDir, delivery: "background", timeoutMs: 600_000 };
    const { code, stdout } = await startProgram("close-at-once.ts", options).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: "3 pending\n" });
  });

  it("delivers everything first if its deadline allows", async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ latencyMs: 20 })];
    const options = { baseUrl: server.url, logDir, delivery: "background", closeTimeoutMs: 30_000 };
    const { code, stdout } = await startProgram("close-at-once.ts", options).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: "0 pending\n" });
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("waits for the end of an outage if its deadline allows", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    server.failNext({ status: 503, times: 3 });
    const options = { baseUrl: server.url, logDir, delivery: "background", maxRetries: 0, closeTimeoutMs: 30_000 };
    const { code, stdout } = await startProgram("close-at-once.ts", options).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: "0 pending\n" });
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe("a process in background delivery", () => {
  it("that exits without closing reports pending writes, and a sync delivers them", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const unavailable = await deadServer();
    const child = await remoteClient({ baseUrl: unavailable.url, logDir, delivery: "background", maxRetries: 0 });
    const experiment = await child.call("createExperiment", { experiment_name: "experiment" });
    const run = await child.call("createRun", { experiment_id: experiment.id, seed: 1 });
    for (const step of [1, 2, 3]) await child.call("logStepMetric", run.id, { step, loss: 1 });
    child.letGo();
    const { code, stderr } = await child.ended;
    expect(code).toBe(0);
    expect(stderr).toContain(`5 writes`);
    expect(stderr).toContain(`npx evsys-sdk sync ${logDir}`);
    expect(await sync(server, logDir)).toMatchObject({ delivered: 5, pending: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});
