import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/folders.js";
import { backend, clientFor, runOf, sync } from "./support/backend.js";
import { differences, NONE } from "./support/compare.js";

const ALL = Number.POSITIVE_INFINITY;

/** A client whose backend has begun to answer 429. */
async function limited(retryAfter: string, options = {}) {
  const [logDir, server] = [temporaryFolder(), await backend()];
  const client = clientFor(server, logDir, { timeoutMs: 500, ...options });
  const { runId } = await runOf(client);
  await client.flush();
  const takeBack = server.failNext({ status: 429, headers: { "retry-after": retryAfter }, times: ALL });
  return { logDir, server, client, runId, takeBack };
}

const inAMinute = (): string => new Date(Date.now() + 60_000).toUTCString();

describe("a backend that asks to be left alone", () => {
  it.each([
    ["in seconds", () => "60"],
    ["as a date", inAMinute],
    ["absurdly long", () => "99999999999"],
  ])("%s is left alone by calls, flush and close", async (_, retryAfter) => {
    const { server, client, runId } = await limited(retryAfter());
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    const asked = server.requests.length;
    await client.logStepMetric(runId, { step: 2, loss: 1 });
    await client.updateRun(runId, { status: "completed" });
    expect(await client.flush({ timeoutMs: 300 })).toMatchObject({ pending: 3, retryAfterMs: expect.any(Number) });
    expect(await client.flush()).toMatchObject({ pending: 3 });
    expect(await client.close({ timeoutMs: 300 })).toMatchObject({ pending: 3, rejected: 0 });
    expect(server.requests).toHaveLength(asked);
  });

  it.each([
    ["for a fraction of a second", "0.2"],
    ["until a date in the past", "Wed, 21 Oct 2015 07:28:00 GMT"],
    ["for no time at all", "0"],
    ["in words that nobody understands", "soon"],
  ])("%s is asked again within the call", async (_, retryAfter) => {
    const { logDir, server, client, runId, takeBack } = await limited(retryAfter, { timeoutMs: 20_000 });
    const before = server.requests.length;
    const call = client.logStepMetric(runId, { step: 1, loss: 1 });
    while (server.requests.length === before) await new Promise((resolve) => setImmediate(resolve));
    takeBack();
    expect(await call).toEqual({ ok: true });
    expect(server.metrics).toHaveLength(1);
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("is left alone by a sync, which says for how long", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const writer = clientFor(server, logDir, { offline: true });
    await runOf(writer);
    await writer.close();
    server.failNext({ status: 429, headers: { "retry-after": "60" }, times: ALL });
    const report = await sync(server, logDir, { timeoutMs: 1_000 });
    expect(report).toMatchObject({ delivered: 0, pending: 2, rejected: 0 });
    expect(report.retryAfterMs).toBeGreaterThan(30_000);
    expect(server.requests).toHaveLength(1);
  });
});
