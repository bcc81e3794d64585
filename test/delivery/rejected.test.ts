import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { DashboardClientError } from "../../src/index.js";
import { failureOf } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { deadServer } from "../support/servers.js";
import { until } from "../support/until.js";
import { backend, clientFor, runOf, sync } from "./support/backend.js";
import { differences, mirrorAt, NONE } from "./support/compare.js";
import { prediction } from "./support/predictions.js";

const ALL = Number.POSITIVE_INFINITY;

/** A mirror with an experiment and a run that no backend knows yet. */
async function writtenOffline(logDir: string, { rows = 0 } = {}) {
  const client = clientFor(await deadServer(), logDir, { offline: true });
  const ids = await runOf(client);
  for (let step = 0; step < rows; step += 1) await client.logStepMetric(ids.runId, { step, loss: 1 });
  return { client, ...ids };
}

describe("a row that the backend rejects", () => {
  it.each([400, 409, 415, 422])("with %i throws, is kept, and does not block later rows", async (status) => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir);
    const { runId } = await runOf(client);
    const body = { detail: "no such split", fields: ["split"] };
    server.failNext({ status, body, match: "/metrics/" });
    const error = await failureOf(() => client.logStepMetric(runId, { step: 1, loss: 1 }));
    expect(error).toBeInstanceOf(DashboardClientError);
    expect(error).toMatchObject({ status, body, pending: false, path: `/sdk/runs/${runId}/metrics/` });
    for (const step of [2, 3]) await client.logStepMetric(runId, { step, loss: 1 });
    await client.updateRun(runId, { status: "completed" });
    expect(server.metrics.map(({ step }) => step)).toEqual([2, 3]);
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 1 });
    expect(await client.close()).toMatchObject({ pending: 0, rejected: 1, byKind: { metrics: { rejected: 1 } } });

    // It is counted by every sync, and sent by none that is not asked to.
    const before = server.requests.length;
    expect(await sync(server, logDir)).toMatchObject({ delivered: 0, pending: 0, rejected: 1 });
    expect(server.requests).toHaveLength(before);
    const retried = await sync(server, logDir, { retryRejected: true });
    expect(retried).toMatchObject({ delivered: 1, pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
    expect(await sync(server, logDir, { retryRejected: true })).toMatchObject({ delivered: 0, rejected: 0 });
  });

  it.each(["NaN", "Infinity", "null", '"NaN"', '{"detail":"-Infinity"}'])(
    "stays rejected if the body is %s, and so does a patch",
    async (body) => {
      const [logDir, server] = [temporaryFolder(), await backend()];
      const client = clientFor(server, logDir);
      const { runId } = await runOf(client);
      server.failNext({ status: 400, body, times: ALL, match: /metrics|runs\/[^/]+\/$/ });
      await failureOf(() => client.logStepMetric(runId, { step: 1, loss: 1 }));
      await failureOf(() => client.updateRun(runId, { gpu: "H100" }));
      await client.close();
      const before = server.requests.length;
      expect(await sync(server, logDir)).toMatchObject({ delivered: 0, pending: 0, rejected: 2 });
      expect(server.requests).toHaveLength(before);
    },
  );

  it("stays rejected if a retry is rejected, and is sent again by the next --retry-rejected", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const { client } = await writtenOffline(logDir, { rows: 3 });
    await client.close();
    const takeBack = server.failNext({ status: 422, times: ALL, match: ({ body }) => Object(body).step === 1 });
    expect(await sync(server, logDir)).toMatchObject({ delivered: 4, pending: 0, rejected: 1 });
    expect(await sync(server, logDir, { retryRejected: true })).toMatchObject({
      delivered: 0,
      pending: 0,
      rejected: 1,
    });
    takeBack();
    expect(await sync(server, logDir, { retryRejected: true })).toMatchObject({
      delivered: 1,
      pending: 0,
      rejected: 0,
    });
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("of any stream, or a patch, is sent with --retry-rejected", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir);
    const { experimentId, runId } = await runOf(client);
    const takeBack = server.failNext({ status: 400, times: ALL });
    const calls = await Promise.allSettled([
      client.logStepMetric(runId, { step: 1, loss: 1 }),
      client.createEval(runId, { metrics: { a: 1 } }),
      client.addCheckpoint(runId, { uri: "s3://1" }),
      client.logPredictions(runId, [prediction("a"), prediction("b"), prediction("c")]),
    ]);
    expect(calls.map(({ status }) => status)).toEqual(Array(4).fill("rejected"));
    await expect(client.updateRun(runId, { status: "failed" })).rejects.toMatchObject({ status: 400 });
    await expect(client.updateExperiment(experimentId, { status: "failed" })).rejects.toMatchObject({ status: 400 });
    takeBack();
    const report = await client.close();
    expect(report).toMatchObject({
      pending: 0,
      rejected: 8,
      byKind: {
        metrics: { rejected: 1 },
        evals: { rejected: 1 },
        checkpoints: { rejected: 1 },
        predictions: { rejected: 3 },
        patches: { rejected: 2 },
      },
    });
    expect(await sync(server, logDir, { retryRejected: true })).toMatchObject({
      delivered: 8,
      pending: 0,
      rejected: 0,
    });
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("in the backlog is passed to onDeliveryError, because no call waits for it", async () => {
    const [logDir, server, errors] = [temporaryFolder(), await backend(), [] as Error[]];
    const onDeliveryError = (error: Error) => void errors.push(error);
    const client = clientFor(server, logDir, { delivery: "background", onDeliveryError });
    const { runId } = await runOf(client);
    server.failNext({ status: 422, match: ({ body }) => Object(body).step === 2 });
    for (const step of [1, 2, 3]) await client.logStepMetric(runId, { step, loss: 1 });
    expect(await client.flush()).toMatchObject({ pending: 0, rejected: 1 });
    expect(errors).toEqual([expect.objectContaining({ status: 422, pending: false })]);
    expect(server.metrics.map(({ step }) => step).sort()).toEqual([1, 3]);
  });

  it("delays rows that reference it until it is accepted", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { offline: true });
    const { runId } = await runOf(client);
    const checkpoint = await client.addCheckpoint(runId, { uri: "s3://1" });
    await client.createEval(runId, { metrics: { a: 1 }, checkpoint_id: checkpoint.id });
    await client.createEval(runId, { metrics: { a: 2 } });
    await client.close();
    server.failNext({ status: 400, match: "/checkpoints/" });
    expect(await sync(server, logDir)).toMatchObject({
      pending: 1,
      rejected: 1,
      byKind: { checkpoints: { rejected: 1 }, evals: { pending: 1, delivered: 1 } },
    });
    expect(await sync(server, logDir, { retryRejected: true })).toMatchObject({
      delivered: 2,
      pending: 0,
      rejected: 0,
    });
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe("a create that the backend rejects", () => {
  it("throws from the awaited call and is not kept", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir);
    server.failNext({ status: 422, times: 2 });
    await expect(client.createExperiment({ experiment_name: "x" })).rejects.toMatchObject({
      status: 422,
      pending: false,
    });
    await expect(client.createRun({ experiment_id: "e" })).rejects.toMatchObject({ status: 422, pending: false });
    expect(await client.close()).toMatchObject({ delivered: 0, pending: 0, rejected: 0 });
    expect(mirrorAt(logDir).experiments()).toEqual([]);
    expect(mirrorAt(logDir).runs()).toEqual([]);
  });

  it.each([
    ["experiment", "/sdk/experiments/", { runs: 1, metrics: 3 }],
    ["run", "/sdk/runs/", { runs: 0, metrics: 3 }],
  ])("keeps its children pending, and every sync tries again: %s", async (_, match, { runs, metrics }) => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const { client, runId } = await writtenOffline(logDir, { rows: 3 });
    await client.updateRun(runId, { status: "completed" });
    await client.close();
    const takeBack = server.failNext({ status: 422, body: { detail: "no budget" }, times: ALL, match });
    for (const _time of [1, 2]) {
      const before = server.requests.length;
      const report = await sync(server, logDir);
      expect(report).toMatchObject({ rejected: 1, pending: runs + metrics + 1 });
      expect(report.byKind).toMatchObject({
        runs: { pending: runs },
        metrics: { pending: metrics },
        patches: { pending: 1 },
      });
      expect(server.requests.slice(before).map(({ status }) => status)).toContain(422);
    }
    takeBack();
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe("a run that the backend does not know", () => {
  it("keeps its rows pending instead of rejecting each", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir);
    const { experimentId, runId } = await runOf(client);
    await client.logStepMetric(runId, { step: 0, loss: 1 });
    // The backend comes back from an old copy: the run is not in it.
    const known = { experiments: [...server.experiments], runs: [...server.runs] };
    server.reset();
    const error = await failureOf(() => client.logStepMetric(runId, { step: 1, loss: 1 }));
    expect(error).toMatchObject({ status: 404, pending: true });
    expect(String(error)).toContain(`Run ${runId} not found. The run was created before. Check the base URL`);
    expect(client.status()).toEqual({ remote: "up", pending: 1, rejected: 0 });
    // Behind a row that waits, a patch waits too.
    expect(await client.updateRun(runId, { status: "failed" })).toEqual({ id: runId, patched: ["status"] });
    // It either throws or, queued behind writes in flight, resolves; in both cases it is not lost.
    await client.updateExperiment(experimentId, { plan: "p" }).catch((reason) => {
      expect(reason).toMatchObject({ status: 404, pending: true });
    });
    expect(await client.close()).toMatchObject({ pending: 3, rejected: 0 });
    expect(await sync(server, logDir)).toMatchObject({ delivered: 0, pending: 3, rejected: 0 });

    // And when somebody has put it back, all is taken.
    const [run, experiment] = [known.runs[0], known.experiments[0]];
    if (run === undefined || experiment === undefined) throw new Error("The backend had no run.");
    const restored = await restoredBackend(experiment.id, run.id);
    expect(await sync(restored, logDir)).toMatchObject({ delivered: 3, pending: 0, rejected: 0 });
    expect(restored.bodies).toHaveLength(3);
  });

  it("causes a few requests per sync, not one for each of its rows", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const online = clientFor(server, logDir);
    const { runId } = await runOf(online);
    await online.close();
    const offline = clientFor(server, logDir, { offline: true });
    for (let step = 0; step < 200; step += 1) await offline.logStepMetric(runId, { step, loss: 1 });
    await offline.close();
    server.reset();
    expect(await sync(server, logDir)).toMatchObject({ delivered: 0, pending: 200, rejected: 0 });
    expect(server.requests.length).toBeGreaterThan(0);
    expect(server.requests.length).toBeLessThan(30);
  });

  it("does not delay other runs", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir);
    const { runId, experimentId } = await runOf(client);
    const other = await client.createRun({ experiment_id: experimentId, seed: 2 });
    server.failNext({ status: 404, times: ALL, match: runId });
    await expect(client.logStepMetric(runId, { step: 1, loss: 1 })).rejects.toMatchObject({ pending: true });
    await client.logStepMetric(other.id, { step: 1, loss: 1 });
    expect(client.status()).toEqual({ remote: "up", pending: 1, rejected: 0 });
    expect(server.metrics).toHaveLength(1);
  });
});

describe("a rejected key", () => {
  it.each([401, 403])(
    "with %i throws a pending error; nothing is lost, and a valid key delivers it",
    async (status) => {
      const [logDir, server] = [temporaryFolder(), await backend()];
      const client = clientFor(server, logDir);
      const { experimentId, runId } = await runOf(client);
      server.failNext({ status, times: ALL });
      const calls = await Promise.allSettled([
        client.logStepMetric(runId, { step: 1, loss: 1 }),
        client.createEval(runId, { metrics: { a: 1 } }),
        client.logPredictions(runId, [prediction("a")]),
        client.updateRun(runId, { status: "failed" }),
        client.updateExperiment(experimentId, { status: "failed" }),
      ]);
      for (const call of calls) expect(call).toMatchObject({ status: "rejected", reason: { status, pending: true } });
      const report = await client.close({ timeoutMs: 1 });
      expect(report).toMatchObject({ pending: 5, rejected: 0, blocked: expect.stringContaining(String(status)) });
      const blocked = await sync(server, logDir);
      expect(blocked).toMatchObject({ delivered: 0, pending: 5, blocked: expect.stringContaining(String(status)) });
      const mended = await backend({ state: server.state });
      const after = await sync(mended, logDir);
      expect(after).toMatchObject({ delivered: 5, pending: 0, rejected: 0 });
      expect(after).not.toHaveProperty("blocked");
      expect(await differences(logDir, mended)).toEqual(NONE);
    },
  );

  it("that is accepted later delivers the backlog without a restart or a further call", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir);
    const { runId } = await runOf(client);
    const takeBack = server.failNext({ status: 401, times: ALL });
    for (const step of [1, 2, 3]) {
      await expect(client.logStepMetric(runId, { step, loss: 1 })).rejects.toMatchObject({ pending: true });
    }
    takeBack();
    await until(() => client.status().pending === 0);
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("causes a few requests per sync, however many writes are pending", async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ apiKey: "right" })];
    const { client } = await writtenOffline(logDir, { rows: 100 });
    await client.close();
    expect(await sync(server, logDir, { apiKey: "wrong" })).toMatchObject({
      delivered: 0,
      pending: 102,
      rejected: 0,
      blocked: expect.stringContaining("401"),
    });
    expect(server.requests.length).toBeLessThan(30);
    expect(await sync(server, logDir, { apiKey: "right" })).toMatchObject({ delivered: 102, pending: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("makes a create throw, which is not kept", async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ apiKey: "right" })];
    const client = clientFor(server, logDir, { apiKey: "wrong" });
    await expect(client.createExperiment({ experiment_name: "x" })).rejects.toMatchObject({
      status: 401,
      pending: false,
    });
    expect(mirrorAt(logDir).experiments()).toEqual([]);
    expect(await client.close()).toMatchObject({ pending: 0 });
  });
});

describe("a redirect", () => {
  it("is not followed: its target is reported, and everything stays pending", async () => {
    const [logDir, server, logger] = [temporaryFolder(), await backend(), recordingLogger()];
    const client = clientFor(server, logDir, { logger });
    const { runId } = await runOf(client);
    const headers = { location: "https://elsewhere.example/api/dashboard/api/" };
    const takeBack = server.failNext({ status: 308, headers, times: ALL });
    const error = await failureOf(() => client.logStepMetric(runId, { step: 1, loss: 1 }));
    expect(error).toMatchObject({ status: 308, pending: true, message: expect.stringContaining("elsewhere.example") });
    expect(await client.close({ timeoutMs: 1 })).toMatchObject({ pending: 1, rejected: 0 });
    expect(await sync(server, logDir)).toMatchObject({
      pending: 1,
      rejected: 0,
      blocked: expect.stringContaining("https://elsewhere.example"),
    });
    takeBack();
    expect(await sync(server, logDir)).toMatchObject({ delivered: 1, pending: 0 });
  });
});

/** A backend that knows one experiment and one run from before, under the ids they had. */
async function restoredBackend(experimentId: string, runId: string) {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    bodies.push(body);
    const { url = "" } = request;
    const answer = url.includes("/metrics/")
      ? { ok: true }
      : url.includes(runId)
        ? { id: runId, patched: [] }
        : { experiment_id: experimentId, patched: [] };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  return { url: `http://127.0.0.1:${address.port}`, bodies };
}
