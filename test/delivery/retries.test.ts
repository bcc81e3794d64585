import { describe, expect, it } from "vitest";
import { clientOf, collected, runOnServer } from "../support/clients.js";
import { always, rawServer } from "../support/servers.js";
import { nodeWarnings } from "../support/warnings.js";

const AT_ONCE = { "retry-after": "0" };
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();

describe("maxRetries", () => {
  it.each([0, 1, 2, 5])("%i: one attempt and at most that many retries, then the call resolves", async (maxRetries) => {
    const { client, server, runId, requests } = await runOnServer({ maxRetries });
    server.failNext({ status: 503, headers: AT_ONCE, times: Number.POSITIVE_INFINITY });
    expect(await client.logStepMetric(runId, { step: 1, loss: 1 })).toEqual({ ok: true });
    expect(requests()).toHaveLength(maxRetries + 1);
    expect(client.status()).toMatchObject({ pending: 1, rejected: 0 });
  });

  it("prints no warning of Node when many writes wait for their next attempt", async () => {
    const warnings = nodeWarnings();
    const { client, server, runId } = await runOnServer({ concurrency: 32 });
    server.failNext({ status: 503, times: 32 });
    const steps = Array.from({ length: 32 }, (_, step) => step);
    await Promise.all(steps.map((step) => client.logStepMetric(runId, { step, loss: 1 })));
    expect(await client.flush({ timeoutMs: 10_000 })).toMatchObject({ pending: 0 });
    expect(warnings).toEqual([]);
  });

  it("defaults to 2", async () => {
    const { client, server, runId, requests } = await runOnServer();
    server.failNext({ status: 503, headers: AT_ONCE, times: Number.POSITIVE_INFINITY });
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    expect(requests()).toHaveLength(3);
  });

  it.each([408, 425, 429, 500, 502, 503, 504])("covers %i", async (status) => {
    const { client, server, runId, requests } = await runOnServer({ maxRetries: 1 });
    server.failNext({ status, headers: AT_ONCE });
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    expect(requests().map((request) => request.status)).toEqual([status, 200]);
    expect(server.metrics).toHaveLength(1);
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
  });

  it.each([400, 401, 403, 404, 409, 413, 415, 418, 422, 302])("does not cover %i", async (status) => {
    const { client, server, runId, requests } = await runOnServer({ maxRetries: 3 });
    server.failNext({ status, body: "no", headers: AT_ONCE });
    await expect(client.logStepMetric(runId, { step: 1, loss: 1 })).rejects.toMatchObject({ status });
    expect(requests()).toHaveLength(1);
  });

  it("covers a connection reset without a response", async () => {
    const { client, server, runId, requests } = await runOnServer({ maxRetries: 1 });
    server.failNext({ reset: true });
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    expect(requests()).toHaveLength(2);
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
  });
});

describe("429", () => {
  it("never makes a method throw", async () => {
    const { client, server, runId, experimentId } = await runOnServer({ maxRetries: 1 });
    server.failNext({ status: 429, headers: AT_ONCE, times: Number.POSITIVE_INFINITY });
    expect(await client.createExperiment({ experiment_name: "x" })).toHaveProperty("id");
    expect(await client.logStepMetric(runId, { step: 1, loss: 1 })).toEqual({ ok: true });
    expect(await client.updateExperiment(experimentId, { plan: "p" })).toHaveProperty("patched", ["plan"]);
    expect(await client.post("/sdk/runs/", {})).toBeNull();
    expect(await collected(client.local.metrics(runId))).toHaveLength(1);
    expect(client.status()).toMatchObject({ pending: 3, rejected: 0 });
  });
});

describe("the Idempotency-Key", () => {
  it("is the same on every attempt of a write, and differs for another write", async () => {
    const { client, server, runId, requests } = await runOnServer({ maxRetries: 3 });
    server.failNext({ status: 503, headers: AT_ONCE, times: 3 });
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    const keys = requests().map(({ idempotencyKey }) => idempotencyKey);
    const [first] = keys;
    const other = keys.at(-1);
    const label = "the keys of four attempts at one write, and of another write";
    expect(keys, label).toEqual([first, first, first, first, other]);
    expect(other, label).not.toBe(first);
    expect(server.metrics).toHaveLength(2);
  });

  it.each([{ reset: true }, { status: 502, body: "Bad Gateway", headers: AT_ONCE }])(
    "prevents duplicates if a response was lost: %j",
    async (failure) => {
      const { client, server, experimentId, runId, requests } = await runOnServer({ maxRetries: 1 });
      const [experiments, runs] = [server.experiments.length, server.runs.length];
      const lose = () => server.failNext({ ...failure, afterCommit: true });
      lose();
      const experiment = await client.createExperiment({ experiment_name: "x" });
      lose();
      const run = await client.createRun({ experiment_id: experimentId });
      lose();
      await client.logStepMetric(runId, { step: 1, loss: 1 });
      lose();
      const evaluation = await client.createEval(runId, { metrics: { a: 1 } });
      lose();
      await client.logPredictions(runId, [{ kind: "eval", instruction: "i", model_output: "o" }]);
      expect(requests()).toHaveLength(10);
      const stored = {
        experiments: server.experiments.length - experiments,
        runs: server.runs.length - runs,
        metrics: server.metrics.length,
        evals: server.evals.length,
        predictions: server.predictions.length,
      };
      const once = { experiments: 1, runs: 1, metrics: 1, evals: 1, predictions: 1 };
      expect(stored, "how often the backend has each write that was sent twice").toEqual(once);
      expect(experiment.id).toBe(server.experiments.at(-1)?.id);
      expect(run.id).toBe(server.runs.at(-1)?.id);
      expect(server.evals.map(({ id }) => id)).toEqual([evaluation.id]);
    },
  );

  it("is the same on every attempt of a post", async () => {
    const server = await rawServer(always(503, "away", AT_ONCE));
    expect(await clientOf(server, { maxRetries: 2 }).post("/other/", { a: 1 })).toBeNull();
    expect(server.requests).toHaveLength(3);
    expect(new Set(server.requests.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
  });
});

describe("Retry-After", () => {
  // The requested pause is above or below timeoutMs, so the number of attempts shows whether it was applied.
  it.each([
    { header: "3600", is: "an hour" },
    { header: inSeconds(3600), is: "an hour from now, as a date" },
    { header: "31", is: "just longer than timeoutMs" },
    { header: "99999999999999", is: "for ever" },
  ])("ends the retries at once if it exceeds timeoutMs: $is", async ({ header }) => {
    const { client, server, runId, requests } = await runOnServer({ maxRetries: 5, timeoutMs: 30_000 });
    server.failNext({ status: 503, headers: { "retry-after": header }, times: Number.POSITIVE_INFINITY });
    expect(await client.logStepMetric(runId, { step: 1, loss: 1 })).toEqual({ ok: true });
    expect(requests()).toHaveLength(1);
    expect(client.status()).toMatchObject({ pending: 1 });
  });

  it.each([
    { header: "0", is: "no time" },
    { header: inSeconds(-3600), is: "an hour ago, as a date" },
  ])("takes precedence over our backoff: $is", async ({ header }) => {
    // Nine attempts with our own pauses would take 20 s on average; the deadline is 5 s.
    const { client, server, runId, requests } = await runOnServer({ maxRetries: 8, timeoutMs: 5_000 });
    server.failNext({ status: 429, headers: { "retry-after": header }, times: 8 });
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    expect(requests()).toHaveLength(9);
    expect(server.metrics).toHaveLength(1);
  });

  it("is in seconds", async () => {
    // Our own first pause is never longer than half a second, a second is longer than timeoutMs.
    const { client, server, runId, requests } = await runOnServer({ maxRetries: 3, timeoutMs: 900 });
    server.failNext({ status: 503, headers: { "retry-after": "1" }, times: Number.POSITIVE_INFINITY });
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    expect(requests()).toHaveLength(1);
  });

  it.each(["soon", "-5", "1e9", "", "2026-99-99"])("is ignored if it is invalid: %j", async (header) => {
    const { client, server, runId, requests } = await runOnServer({ maxRetries: 1, timeoutMs: 30_000 });
    server.failNext({ status: 503, headers: { "retry-after": header } });
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    expect(requests()).toHaveLength(2);
  });
});
