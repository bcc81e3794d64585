import { describe, expect, it } from "vitest";
import type { DashboardClient } from "../../src/index.js";
import type { MockServer } from "../../src/testing/index.js";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { until } from "../support/until.js";
import { backend, clientFor, expectOneKeyEach, runOf, sync } from "./support/backend.js";
import { differences, NONE } from "./support/compare.js";
import { fieldsOf } from "./support/failing-writes.js";
import { prediction } from "./support/predictions.js";

const ALWAYS = Number.POSITIVE_INFINITY;

interface Ids {
  readonly experimentId: string;
  readonly runId: string;
}

type Write = (client: DashboardClient, ids: Ids) => Promise<unknown>;

/** One write of each kind, and the path of its requests. */
const WRITES: readonly (readonly [string, RegExp, Write])[] = [
  ["a row", /metrics/, (client, { runId }) => client.logStepMetric(runId, { step: 1, loss: 1 })],
  ["a patch", /runs\/[^/]+\/$/, (client, { runId }) => client.updateRun(runId, { duration_seconds: 5 })],
  ["a create", /runs\/$/, (client, { experimentId }) => client.createRun({ experiment_id: experimentId, seed: 2 })],
];

/** A client with a run; what follows are the requests of one write alone. */
async function begun(options: Parameters<typeof clientFor>[2] = {}) {
  const [logDir, server] = [temporaryFolder(), await backend()];
  const client = clientFor(server, logDir, { maxRetries: 0, ...options });
  return { logDir, server, client, ids: await runOf(client) };
}

function attemptsAt(server: MockServer, path: RegExp, body: (fields: Record<string, unknown>) => boolean = () => true) {
  return server.requests.filter((request) => request.path.search(path) !== -1 && body(fieldsOf(request)));
}

describe("a 409", () => {
  it.each(WRITES)("on the first attempt is a rejection: %s", async (_, path, write) => {
    const { server, client, ids } = await begun({ maxRetries: 3 });
    const before = server.requests.length;
    server.failNext({ status: 409, match: path });
    await expect(write(client, ids)).rejects.toMatchObject({ status: 409, pending: false });
    await client.flush({ timeoutMs: 10_000 });
    expect(server.requests).toHaveLength(before + 1);
  });

  it.each(WRITES)("on the second attempt of one call is retried and then delivered: %s", async (_, path, write) => {
    const { logDir, server, client, ids } = await begun({ maxRetries: 3 });
    server.failNext({ status: 503, headers: { "retry-after": "0" }, match: path });
    server.failNext({ status: 409, match: path });
    await write(client, ids);
    expect(await client.flush({ timeoutMs: 20_000 })).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it.each(WRITES)(
    "after an attempt whose response was lost is retried and then delivered: %s",
    async (_, path, write) => {
      const { logDir, server, client, ids } = await begun({ timeoutMs: 500 });
      const before = server.requests.length;
      server.failNext({ hang: true, afterCommit: true, match: path });
      server.failNext({ status: 409, times: 2, match: path });
      await write(client, ids);
      expect(await client.flush({ timeoutMs: 20_000 })).toMatchObject({ pending: 0, rejected: 0 });
      expect(server.requests.slice(before).map(({ status }) => status)).toEqual([
        undefined,
        409,
        409,
        expect.any(Number),
      ]);
      expect(await differences(logDir, server)).toEqual(NONE);
      expectOneKeyEach(server);
    },
  );

  it.each(WRITES)(
    "of a later client, after the first one lost the response, is retried: %s",
    async (_, path, write) => {
      const { logDir, server, client, ids } = await begun({ timeoutMs: 200 });
      const before = server.requests.length;
      // Every attempt of this client hangs, also one that closing it makes.
      const takeBack = server.failNext({ hang: true, afterCommit: true, times: ALWAYS, match: path });
      await write(client, ids);
      // On a busy machine the deadline may pass before the request is sent; the client then sends it later.
      await until(() => server.requests.length > before);
      await client.close({ timeoutMs: 1 });
      takeBack();
      server.failNext({ status: 409, match: path });
      expect(await sync(server, logDir)).toMatchObject({ delivered: 1, pending: 0, rejected: 0 });
      expect(await differences(logDir, server)).toEqual(NONE);
      expectOneKeyEach(server);
    },
  );

  it("repeated throughout a sync is a rejection, even if the write may have been sent before", async () => {
    const { logDir, server, client, ids } = await begun({ timeoutMs: 200 });
    const takeBack = server.failNext({ hang: true, times: ALWAYS, match: /metrics/ });
    await client.logStepMetric(ids.runId, { step: 1, loss: 1 });
    await until(() => attemptsAt(server, /metrics/).length > 0);
    await client.close({ timeoutMs: 1 });
    takeBack();
    server.failNext({ status: 409, times: ALWAYS, match: /metrics/ });
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 1 });
  });

  it.each(WRITES)("on the first attempt at a write made offline is a rejection: %s", async (_, path, write) => {
    const { logDir, server, client, ids } = await begun();
    await client.close();
    const before = server.requests.length;
    await write(clientFor(server, logDir, { offline: true }), ids);
    server.failNext({ status: 409, match: path });
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 1 });
    expect(server.requests).toHaveLength(before + 1);
  });

  it("after a long outage is retried too", async () => {
    const { logDir, server, client, ids } = await begun();
    server.failNext({ status: 503, times: 7, match: /metrics/ });
    server.failNext({ status: 409, match: /metrics/ });
    await client.logStepMetric(ids.runId, { step: 1, loss: 1 });
    // Each flush() tries once, whatever the backoff.
    while (client.status().pending > 0) await client.flush();
    expect(client.status()).toMatchObject({ pending: 0, rejected: 0 });
    expect(attemptsAt(server, /metrics/).map(({ status }) => status)).toEqual([...Array(7).fill(503), 409, 200]);
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it.each(WRITES)("on every attempt is a rejection in the end: %s", async (_, path, write) => {
    const { server, client, ids } = await begun();
    server.failNext({ reset: true, times: 2, match: path });
    server.failNext({ status: 409, times: ALWAYS, match: path });
    await write(client, ids);
    expect(client.status()).toMatchObject({ pending: 1, rejected: 0 });
    for (let flushes = 0; client.status().pending > 0 && flushes < 50; flushes += 1) await client.flush();
    expect(client.status()).toMatchObject({ pending: 0, rejected: 1 });
    const conflicts = attemptsAt(server, path).filter(({ status }) => status === 409);
    expect(conflicts.length).toBeGreaterThan(1);
  });
});

describe("a response with fewer inserted predictions than were sent", () => {
  it("causes one warning with both numbers", async () => {
    const logger = recordingLogger();
    const { server, client, ids } = await begun({ logger });
    server.failNext({ status: 201, body: { ok: true, inserted: 2 }, times: 3, match: "/predictions/" });
    for (const name of ["a", "b", "c"]) {
      await client.logPredictions(
        ids.runId,
        [1, 2, 3, 4, 5].map((n) => prediction(`${name}${n}`)),
      );
    }
    expect(await client.flush({ timeoutMs: 10_000 })).toMatchObject({ pending: 0, rejected: 0 });
    expect(logger.of("warn")).toEqual([expect.stringMatching(/\b2 of 5\b/)]);
  });
});

describe.each([202, 204, 200])("a %i response without a body", (status) => {
  it.each(WRITES.slice(0, 2))(
    "does not count as delivered, and the write is not sent without limit: %s",
    async (_, path, write) => {
      const { logDir, server, client, ids } = await begun();
      const emptyResponse = server.failNext({ status, body: "", times: ALWAYS, match: path });
      await write(client, ids);
      expect(await client.flush({ timeoutMs: 2_000 })).toMatchObject({ pending: 1, rejected: 0 });
      expect(attemptsAt(server, path).length).toBeGreaterThan(1);
      expect(attemptsAt(server, path).length).toBeLessThan(20);
      await until(() => client.status().failing !== undefined);
      expect(client.status().failing).toMatchObject([
        { reason: expect.stringMatching(new RegExp(`HTTP ${status} with .*(empty|no) body.* instead of JSON`)) },
      ]);
      await client.close({ timeoutMs: 1 });
      emptyResponse();
      expect(await sync(server, logDir)).toMatchObject({ delivered: 1, pending: 0 });
    },
  );
});
