import { describe, expect, it } from "vitest";
import type { DashboardClient } from "../../src/index.js";
import type { MockServer } from "../../src/testing/index.js";
import { temporaryFolder } from "../support/folders.js";
import { until } from "../support/until.js";
import { backend, clientFor, runOf, sync } from "./support/backend.js";
import { differences, NONE } from "./support/compare.js";
import { fieldsOf } from "./support/failing-writes.js";

const MODES = ["await", "background"] as const;
const ALWAYS = Number.POSITIVE_INFINITY;

/** Responds with 429 to every request from now on. */
function limit(server: MockServer, retryAfter: string): () => void {
  return server.failNext({ status: 429, headers: { "retry-after": retryAfter }, times: ALWAYS });
}

const NO_MORE = "requests to a backend that asked to wait";

function isAllDelivered(client: DashboardClient): boolean {
  const { remote, pending } = client.status();
  return remote === "up" && pending === 0;
}

describe.each(MODES)("after a 429 with Retry-After: 60, delivery %s", (delivery) => {
  it("neither calls, flush() nor close() send a request", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { delivery, timeoutMs: 5_000 });
    const { experimentId, runId } = await runOf(client);
    await client.flush({ timeoutMs: 10_000 });
    const before = server.requests.length;
    limit(server, "60");
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    await until(() => client.status().remote === "down" || server.requests.length > before + 1);
    expect(server.requests.slice(before + 1), NO_MORE).toHaveLength(0);

    expect(await client.logStepMetric(runId, { step: 2, loss: 1 })).toEqual({ ok: true });
    await client.createRun({ experiment_id: experimentId, seed: 2 });
    await client.updateRun(runId, { status: "running" });
    expect(await client.flush()).toMatchObject({ pending: 4 });
    expect(await client.flush({ timeoutMs: 300 })).toMatchObject({
      pending: 4,
      blocked: expect.stringContaining("429"),
    });
    expect(await client.close({ timeoutMs: 300 })).toMatchObject({ pending: 4 });
    expect(server.requests.slice(before + 1), NO_MORE).toHaveLength(0);
  });

  it("the timer of a write that failed before sends no request", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { delivery, maxRetries: 0, timeoutMs: 5_000 });
    const { runId } = await runOf(client);
    await client.flush({ timeoutMs: 10_000 });
    server.failNext({ status: 500, times: 3, match: (request) => fieldsOf(request).step === 1 });
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    await until(() => client.status().failing !== undefined);
    limit(server, "60");
    await client.logStepMetric(runId, { step: 2, loss: 1 });
    await until(() => client.status().remote === "down");
    const before = server.requests.length;
    // A flush of another client to a hanging backend takes longer than the first write's backoff.
    const silent = await backend();
    silent.failNext({ hang: true, times: ALWAYS });
    const other = clientFor(silent, temporaryFolder(), { delivery: "background" });
    await other.createExperiment({ experiment_name: "experiment" });
    expect(await other.flush({ timeoutMs: 2_500 })).toMatchObject({ pending: 1 });
    expect(server.requests.slice(before), NO_MORE).toHaveLength(0);
  });

  it("a call with a longer timeout sends no request while another one waits", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { delivery, timeoutMs: 90_000 });
    const { runId } = await runOf(client);
    await client.flush({ timeoutMs: 10_000 });
    const before = server.requests.length;
    limit(server, "60");
    const calls = [client.logStepMetric(runId, { step: 1, loss: 1 })];
    const isWaiting = async () => (await client.flush({ timeoutMs: 1 })).retryAfterMs !== undefined;
    await until(async () => (await isWaiting()) || server.requests.length > before + 1);
    calls.push(client.logStepMetric(runId, { step: 2, loss: 1 }));
    calls.push(client.createEval(runId, { metrics: { a: 1 } }).then(() => ({ ok: true })));
    await client.flush({ timeoutMs: 500 });
    expect(server.requests.slice(before + 1), NO_MORE).toHaveLength(0);
    await client.close({ timeoutMs: 1 });
    expect(await Promise.all(calls)).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
  });
});

describe("a short Retry-After", () => {
  it.each(["0", "0.2", "1", "Thu, 01 Jan 2015 00:00:00 GMT"])(
    "is waited for within the call: %s",
    async (retryAfter) => {
      const [logDir, server] = [temporaryFolder(), await backend()];
      const client = clientFor(server, logDir);
      const { runId } = await runOf(client);
      server.failNext({ status: 429, headers: { "retry-after": retryAfter } });
      await client.logStepMetric(runId, { step: 1, loss: 1 });
      expect(server.metrics).toHaveLength(1);
      expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
    },
  );

  it("is waited for within a flush() and a sync", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { maxRetries: 0 });
    const { runId } = await runOf(client);
    server.failNext({ status: 429, headers: { "retry-after": "0.3" } });
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    expect(client.status()).toMatchObject({ remote: "down", pending: 1 });
    expect(await client.flush({ timeoutMs: 20_000 })).toMatchObject({ pending: 0 });
    await client.close();
    const offline = clientFor(server, logDir, { offline: true });
    await offline.logStepMetric(runId, { step: 2, loss: 1 });
    await offline.close();
    server.failNext({ status: 429, headers: { "retry-after": "0.3" } });
    expect(await sync(server, logDir, { timeoutMs: 20_000 })).toMatchObject({ delivered: 1, pending: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe("a Retry-After beyond the timeout of a call", () => {
  it.each([
    ["a date", () => new Date(Date.now() + 60_000).toUTCString()],
    ["fractional seconds", () => "59.5"],
    ["absurdly many seconds", () => "9".repeat(400)],
    ["a date in a distant future", () => "Fri, 31 Dec 9999 23:59:59 GMT"],
  ])("stops the requests and keeps the write pending: %s", async (_, retryAfter) => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { timeoutMs: 2_000 });
    const { runId } = await runOf(client);
    const before = server.requests.length;
    const release = limit(server, retryAfter());
    expect(await client.logStepMetric(runId, { step: 1, loss: 1 })).toEqual({ ok: true });
    expect(await client.flush({ timeoutMs: 200 })).toMatchObject({ pending: 1 });
    expect(server.requests.slice(before + 1), NO_MORE).toHaveLength(0);
    await client.close({ timeoutMs: 1 });
    release();
    expect(await sync(server, logDir)).toMatchObject({ delivered: 1, pending: 0 });
  });

  it.each(["soon", "-5", "1e3", "60 seconds"])("is ignored if it is neither a number nor a date: %s", async (text) => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { maxRetries: 0 });
    const { runId } = await runOf(client);
    server.failNext({ status: 429, headers: { "retry-after": text } });
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    expect(await client.flush({ timeoutMs: 20_000 })).toMatchObject({ pending: 0 });
    await until(() => isAllDelivered(client));
    expect(server.metrics).toHaveLength(1);
  });
});

describe("a sync that gets 429 with a Retry-After of 60 s", () => {
  it.each(["60", "9999999999"])("ends after one request with the writes pending: %s", async (retryAfter) => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { offline: true });
    const { runId } = await runOf(client);
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    await client.close();
    limit(server, retryAfter);
    const report = await sync(server, logDir, { timeoutMs: 1_000 });
    expect(report).toMatchObject({ delivered: 0, pending: 3, blocked: expect.stringContaining("429") });
    expect(server.requests).toHaveLength(1);
  });
});
