import { describe, expect, it, onTestFinished, vi } from "vitest";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { until } from "../support/until.js";
import { backend, clientFor, runOf, sync } from "./support/backend.js";
import { differences, NONE } from "./support/compare.js";
import { FAILING_WRITES, fieldsOf, writeOthers } from "./support/failing-writes.js";

const MODES = ["await", "background"] as const;
const ALWAYS = Number.POSITIVE_INFINITY;

describe.each(MODES)("a write that the backend never accepts while it accepts others, delivery %s", (delivery) => {
  it.each(FAILING_WRITES)(
    "is reported as failing and delays no other write: %s",
    async (_, { write, count, make, isMeant }) => {
      const [logDir, server, logger] = [temporaryFolder(), await backend(), recordingLogger()];
      const client = clientFor(server, logDir, { delivery, maxRetries: 0, logger });
      const ids = await runOf(client);
      await client.flush({ timeoutMs: 10_000 });
      const repair = server.failNext({ status: 500, times: ALWAYS, match: isMeant });
      const id = await make(client, ids);
      await writeOthers(client, ids);
      await until(() => client.status().pending === count && client.status().failing !== undefined);
      const reason = expect.stringContaining("HTTP 500");
      expect(client.status()).toEqual({
        remote: "up",
        pending: count,
        rejected: 0,
        failing: [{ write, of: `run ${id}`, attempts: expect.any(Number), reason }],
      });
      const found = await differences(logDir, server);
      expect([...found.missing, ...found.wrong]).toHaveLength(count);
      expect(logger.of("warn")).toEqual([]);

      repair();
      expect(await client.flush({ timeoutMs: 20_000 })).toMatchObject({ pending: 0, rejected: 0 });
      expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
      expect(await differences(logDir, server)).toEqual(NONE);
    },
  );
});

describe("a write that keeps failing", () => {
  it("is also reported while it is in flight", async () => {
    const [server, client] = await failing();
    await until(() => client.status().failing !== undefined);
    // The next attempt hangs.
    server.failNext({ hang: true, match: /metrics/ });
    const before = server.requests.length;
    void client.flush({ timeoutMs: 10_000 });
    await until(() => server.requests.length > before);
    expect(client.status()).toMatchObject({ pending: 1, failing: [{ write: "metrics", attempts: 1 }] });
  });
});

async function failing() {
  const server = await backend();
  const client = clientFor(server, temporaryFolder(), { maxRetries: 0 });
  const { runId } = await runOf(client);
  // Later than the end of the test, so that only a flush retries it.
  vi.spyOn(Math, "random").mockReturnValue(1_000);
  onTestFinished(() => void vi.restoreAllMocks());
  server.failNext({ status: 500, match: /metrics/ });
  await client.logStepMetric(runId, { step: 1, loss: 1 });
  return [server, client] as const;
}

describe("a create that fails while other writes succeed", () => {
  it("has its own backoff: it is not sent again at once", async () => {
    const server = await backend();
    const client = clientFor(server, temporaryFolder(), { maxRetries: 0 });
    const { experimentId, runId } = await runOf(client);
    vi.spyOn(Math, "random").mockReturnValue(1_000);
    onTestFinished(() => void vi.restoreAllMocks());
    server.failNext({ status: 500, match: /runs\/$/ });
    await client.createRun({ experiment_id: experimentId, seed: 2 });
    // A create that was due would have been sent before these responses.
    for (let step = 0; step < 3; step += 1) await client.logStepMetric(runId, { step, loss: 1 });
    expect(server.requests.filter(({ path }) => path.endsWith("/runs/"))).toHaveLength(2);
    expect(await client.flush({ timeoutMs: 10_000 })).toMatchObject({ pending: 0 });
  });
});

describe("a sync with a write that the backend never accepts", () => {
  it.each(FAILING_WRITES)(
    "delivers all others and reports the remaining one: %s",
    async (_, { write, count, make, isMeant }) => {
      const [logDir, server] = [temporaryFolder(), await backend()];
      const client = clientFor(server, logDir, { offline: true });
      const ids = await runOf(client);
      const id = await make(client, ids);
      await writeOthers(client, ids);
      await client.close();
      const repair = server.failNext({ status: 500, times: ALWAYS, match: isMeant });
      expect(await sync(server, logDir, { maxRetries: 1 })).toMatchObject({
        pending: count,
        rejected: 0,
        blocked: expect.stringMatching(new RegExp(`${write} of run ${id}.*HTTP 500`)),
      });
      const found = await differences(logDir, server);
      expect([...found.missing, ...found.wrong]).toHaveLength(count);
      repair();
      expect(await sync(server, logDir)).toMatchObject({ delivered: count, pending: 0 });
      expect(await differences(logDir, server)).toEqual(NONE);
    },
  );

  it("retries it only after the others", async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ latencyMs: 15 })];
    const client = clientFor(server, logDir, { offline: true });
    const { runId } = await runOf(client);
    for (let step = 0; step < 100; step += 1) await client.logStepMetric(runId, { step, loss: 1 });
    await client.close();
    server.failNext({ status: 500, times: ALWAYS, match: (request) => fieldsOf(request).step === 0 });
    expect(await sync(server, logDir, { maxRetries: 1, concurrency: 1 })).toMatchObject({ pending: 1 });
    const steps = server.requests.map((request) => fieldsOf(request).step).filter((step) => step !== undefined);
    expect(steps.indexOf(0, steps.indexOf(0) + 1)).toBe(100);
  });
});

describe.each(MODES)("after a patch that the backend never accepts, delivery %s", (delivery) => {
  it("a patch of other fields is sent, and one of the same field waits", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { delivery, maxRetries: 0 });
    const { runId } = await runOf(client);
    await client.flush({ timeoutMs: 10_000 });
    const repair = server.failNext({
      status: 500,
      times: ALWAYS,
      match: (request) => fieldsOf(request).duration_seconds === 1,
    });
    await client.updateRun(runId, { duration_seconds: 1, status: "running" });
    await client.updateRun(runId, { duration_seconds: 2 });
    await client.updateRun(runId, { git_commit: "abc" });
    await until(() => Object(server.runs[0]).git_commit === "abc");
    await client.flush();
    expect(client.status()).toMatchObject({ remote: "up", pending: 2, failing: [{ write: "patch" }] });
    expect(server.requests.filter((request) => fieldsOf(request).duration_seconds === 2)).toEqual([]);
    repair();
    expect(await client.flush({ timeoutMs: 20_000 })).toMatchObject({ pending: 0 });
    expect(server.runs[0]).toMatchObject({ duration_seconds: 2, status: "running", git_commit: "abc" });
  });
});
