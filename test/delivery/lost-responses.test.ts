import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { DashboardClient } from "../../src/index.js";
import type { Failure, MockServer, RecordedRequest } from "../../src/testing/index.js";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { until } from "../support/until.js";
import { backend, clientFor, expectOneKeyEach, runOf, sync, tasksOf, watch, written } from "./support/backend.js";
import { differences, NONE } from "./support/compare.js";
import { prediction } from "./support/predictions.js";
import { startProgram } from "./support/program.js";
import { seeds } from "./support/random.js";
import { expectInMirror, startWriter } from "./support/writer.js";

const WAYS: readonly (readonly [string, Failure])[] = [
  ["resets the connection", { reset: true }],
  ["hangs", { hang: true }],
  ["answers 502", { status: 502, body: "<html>Bad Gateway</html>" }],
];

/** One of each row, in one tick. */
function rowsOfEach(client: DashboardClient, runId: string, n: number): Promise<unknown>[] {
  return [
    client.logStepMetric(runId, { step: n, loss: 1 }),
    client.logStepMetric(runId, { step: n, split: "val", loss: 1 }),
    client.addCheckpoint(runId, { uri: `s3://${n}` }),
    client.createEval(runId, { metrics: { accuracy: n } }),
    client.logPredictions(runId, [prediction(`${n}.1`), prediction(`${n}.2`)]),
    client.logPredictions(runId, [prediction(`${n}.3`), prediction(`${n}.4`), prediction(`${n}.5`)]),
    client.logStepMetric(runId, { step: n, split: "test", loss: 1 }),
  ];
}

/** One of each write, in one tick. */
function writeOfEach(client: DashboardClient, experimentId: string, runId: string, n: number): Promise<unknown> {
  return Promise.all([
    ...rowsOfEach(client, runId, n),
    client.updateRun(runId, { duration_seconds: n }),
    client.updateExperiment(experimentId, { current_iteration: n }),
  ]);
}

/** Loses some responses to every kind of write. */
function loseResponses(server: MockServer, way: Failure): void {
  let asked = 0;
  const isDue = ({ path }: RecordedRequest): boolean => !/s\/$/.test(path) || ++asked % 3 !== 0;
  server.failNext({ ...way, afterCommit: true, times: 9, match: isDue });
}

/** What the server has written and could not say. */
function lost(server: MockServer): RecordedRequest[] {
  return server.requests.filter(({ committed, status = 0 }) => committed && (status < 200 || status > 299));
}

describe.each(WAYS)("a backend that stores a write and then %s", (_, way) => {
  it("has every write once if it honours keys", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { maxRetries: 0 });
    const { experimentId, runId } = await runOf(client);
    loseResponses(server, way);
    const calls = [1, 2, 3].map((n) => writeOfEach(client, experimentId, runId, n));
    await until(() => lost(server).length > 3);
    await client.close({ timeoutMs: 1 });
    await Promise.all(calls);
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
    expectOneKeyEach(server);
  });

  it("has every row if it ignores keys, and only those with lost responses twice", async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ honourIdempotencyKeys: false })];
    const client = clientFor(server, logDir, { maxRetries: 0 });
    const { runId } = await runOf(client);
    server.failNext({ ...way, afterCommit: true, times: 5 });
    let resolved = 0;
    const calls = rowsOfEach(client, runId, 1).map((call) => call.then(() => ++resolved));
    if (way.hang === true) {
      await until(() => resolved + 5 === calls.length);
      await client.close({ timeoutMs: 1 });
    }
    await Promise.all(calls);
    if (way.hang !== true) await client.flush({ timeoutMs: 10_000 });
    expect(lost(server)).toHaveLength(5);
    await client.close();
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    const { missing, wrong, twice } = await differences(logDir, server);
    expect({ missing, wrong }).toEqual({ missing: [], wrong: [] });
    // Without keys, these writes arrive twice, which shows that responses were lost.
    const label = "rows that arrived twice; only those of the 5 lost responses may";
    const rows = lost(server).reduce((sum, request) => sum + Math.max(1, tasksOf(request).length), 0);
    expect(twice, label).toHaveLength(rows);
  });
});

describe("creates whose response is lost", () => {
  it.each(WAYS)("arrive once, with their children under them: the backend %s", async (_, way) => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { maxRetries: 0, timeoutMs: 1_000 });
    server.failNext({ ...way, afterCommit: true });
    const { runId } = await runOf(client);
    expect(client.status().remote).toBe("down");
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    server.failNext({ ...way, afterCommit: true, match: "/sdk/runs/" });
    await client.close({ timeoutMs: 1 });
    expect(await sync(server, logDir, { maxRetries: 0, timeoutMs: 1_000 })).toHaveProperty("pending");
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
    expectOneKeyEach(server);
  });
});

describe("one row whose response is lost while others are sent, then a kill", () => {
  it.each([true, false])(
    "loses no row, and sends only rows in flight twice (keys honoured: %s)",
    async (honourIdempotencyKeys) => {
      const [logDir, server] = [temporaryFolder(), await backend({ honourIdempotencyKeys })];
      server.failNext({ hang: true, afterCommit: true, match: ({ body }) => Object(body).step === 5 });
      const writer = startWriter({ baseUrl: server.url, logDir, seed: 1, inFlight: 8, only: "metrics" });
      await until(() => server.metrics.length > 150);
      await writer.kill();
      // The others got responses: the writer continued past the row that hangs.
      expect(writer.lines().length).toBeGreaterThan(100);
      await expectInMirror(logDir, writer.lines());
      expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
      const { twice, ...others } = await differences(logDir, server);
      expect(others).toEqual({ missing: [], wrong: [] });
      // Of each run there were at most 8 rows on their way when the process died.
      if (honourIdempotencyKeys) expect(twice).toEqual([]);
      else
        expect(twice.length, "rows that arrived twice; only those in flight at the kill may").toBeLessThanOrEqual(
          2 * 8,
        );
      if (!honourIdempotencyKeys) expect(twice.filter((row) => row.includes('"step":5'))).toHaveLength(1);
    },
  );

  it("does not count as an unavailable backend", async () => {
    const [logDir, server, logger] = [temporaryFolder(), await backend(), recordingLogger()];
    const client = clientFor(server, logDir, { maxRetries: 0, timeoutMs: 1_000, logger });
    const { runId } = await runOf(client);
    server.failNext({ hang: true, afterCommit: true, match: ({ body }) => Object(body).step === 0 });
    let isOver = false;
    const hanging = client.logStepMetric(runId, { step: 0, loss: 1 }).then(() => {
      isOver = true;
    });
    for (let step = 1; !isOver; step += 1) await client.logStepMetric(runId, { step, loss: 1 });
    await hanging;
    expect(client.status().remote).toBe("up");
    expect(logger.lines).toEqual([]);
    await client.flush();
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe("predictions", () => {
  it.each([1, 3])("logged %i at a time and in flight at a kill arrive once", async (size) => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { maxRetries: 0 });
    const { runId } = await runOf(client);
    server.failNext({ hang: true, afterCommit: true, times: 4 });
    const batches = [1, 2, 3, 4].map((n) => Array.from({ length: size }, (_, at) => prediction(`${n}.${at}`)));
    const calls = Promise.all(batches.map((batch) => client.logPredictions(runId, batch)));
    await until(() => server.predictions.length === 4 * size);
    await client.close({ timeoutMs: 1 });
    await calls;
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
    expectOneKeyEach(server);
  });

  it.each(seeds(1, 20))(
    "keep their batches when syncs are killed midway and more rows are logged (seed %i)",
    async (seed) => {
      const [logDir, server] = [temporaryFolder(), await backend()];
      const logMore = async (from: string): Promise<void> => {
        const client = clientFor(server, logDir, { offline: true });
        const runId = client.local.runs()[0]?.id ?? (await runOf(client)).runId;
        for (let n = 0; n < 40; n += 1) {
          await client.logPredictions(runId, [prediction(`${from}.${n}.0`), prediction(`${from}.${n}.1`)]);
        }
        await client.close();
      };
      await logMore("first");
      let left = seed;
      let killed = startProgram("sync.ts", { baseUrl: server.url, logDirs: [logDir] });
      // The server still handles the request; only the process that waits for the response is gone.
      watch(server, ({ path }) => {
        if (path.endsWith("/predictions/") && --left === 0) killed.process.kill("SIGKILL");
      });
      await killed.ended;
      await logMore("second");
      left = 1;
      killed = startProgram("sync.ts", { baseUrl: server.url, logDirs: [logDir] });
      await killed.ended;
      await logMore("third");
      expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
      expect(await differences(logDir, server)).toEqual(NONE);
      expectOneKeyEach(server);
    },
  );
});

describe("a patch without a response", () => {
  const isFirst = ({ body }: RecordedRequest): boolean => Object(body).duration_seconds === 1;

  it.each<[string, Failure]>([
    ["hangs", { hang: true, afterCommit: true }],
    ["hangs before it was taken", { hang: true }],
    ["is blocked", { status: 401 }],
  ])("that %s is not overtaken by the next one", async (_, failure) => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { maxRetries: 0, timeoutMs: 1_000 });
    const { runId } = await runOf(client);
    server.failNext({ ...failure, match: isFirst });
    let isOver = false;
    const patches = Promise.allSettled(
      [1, 2].map((n) => client.updateRun(runId, { duration_seconds: n, [`p${n}`]: n })),
    );
    void patches.then(() => {
      isOver = true;
    });
    // These rows get responses, so the backend is available and only this write fails.
    for (let step = 1; !isOver; step += 1) await client.logStepMetric(runId, { step, loss: 1 });
    expect(await client.flush({ timeoutMs: 10_000 })).toMatchObject({ pending: 0, rejected: 0 });
    expect(server.runs).toMatchObject([{ duration_seconds: 2, p1: 1, p2: 2 }]);
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe("a patch that waits for a row", () => {
  it("is not overtaken by a later patch in the backlog", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const earlier = clientFor(server, logDir);
    const { experimentId, runId } = await runOf(earlier);
    const other = await earlier.createRun({ experiment_id: experimentId, seed: 2 });
    await earlier.close();
    const offline = clientFor(server, logDir, { offline: true });
    await offline.logStepMetric(other.id, { step: 1, loss: 1 });
    await offline.close();

    // Requests stay on their way until the test lets them go.
    const held = new Map<string, () => void>();
    const isHeld = (url: string): boolean => url.endsWith("/metrics/");
    const client = clientFor(server, logDir, {
      async fetch(url, init) {
        if (isHeld(url)) await new Promise<void>((resolve) => held.set(url.includes(runId) ? "run" : "other", resolve));
        return fetch(url, init);
      },
    });
    const row = client.logStepMetric(runId, { step: 1, loss: 1 });
    await until(() => held.has("run"));
    const first = client.updateRun(runId, { duration_seconds: 1 });
    // Opening the other run starts its backlog; a patch behind it does not wait for its response.
    const opening = client.updateRun(other.id, { duration_seconds: 3 });
    await until(() => held.has("other"));
    expect(await client.updateRun(runId, { duration_seconds: 2 })).toHaveProperty("patched");
    held.get("other")?.();
    await until(() => written(server, new RegExp(`/runs/${other.id}/$`)).length === 1);
    held.get("run")?.();
    await Promise.all([row, first, opening]);
    expect(await client.flush({ timeoutMs: 10_000 })).toMatchObject({ pending: 0 });
    const patches = written(server, new RegExp(`/runs/${runId}/$`)).map(({ body }) => Object(body).duration_seconds);
    expect(patches).toEqual([1, 2]);
  });
});

describe("a create and a patch that are pending", () => {
  it("are sent by one flush at a time: nothing twice, even if keys are ignored", async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ honourIdempotencyKeys: false })];
    const client = clientFor(server, logDir, { maxRetries: 0 });
    server.failNext({ reset: true });
    const { experimentId, runId } = await runOf(client);
    await client.updateRun(runId, { duration_seconds: 1 });
    await client.updateExperiment(experimentId, { current_iteration: 1 });
    expect(client.status()).toEqual({ remote: "down", pending: 4, rejected: 0 });
    await Promise.all([1, 2, 3].map(() => client.flush({ timeoutMs: 10_000 })));
    expect(server.requests.filter(({ committed }) => committed)).toHaveLength(4);
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe("a 413 response", () => {
  const isOf = (...tasks: string[]) => {
    const wanted = tasks.join();
    return (request: RecordedRequest): boolean => tasksOf(request).join() === wanted;
  };
  const FOUR = ["a", "b", "c", "d"];

  it("halves a batch until it fits", async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ maxBodyBytes: 400 })];
    const client = clientFor(server, logDir);
    const { runId } = await runOf(client);
    const tasks = Array.from({ length: 25 }, (_, n) => `task-${n}`);
    expect(
      await client.logPredictions(
        runId,
        tasks.map((task) => prediction(task)),
      ),
    ).toEqual({ ok: true, inserted: 25 });
    expect(server.predictions.map(({ task_id }) => task_id).sort()).toEqual([...tasks].sort());
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
  });

  it("to a single prediction rejects it without blocking the others", async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ maxBodyBytes: 600 })];
    const client = clientFor(server, logDir);
    const { runId } = await runOf(client);
    const batch = [...FOUR, "large", "e", "f"].map((task) =>
      prediction(task, task === "large" ? "x".repeat(900) : "o"),
    );
    await expect(client.logPredictions(runId, batch)).rejects.toMatchObject({ status: 413, pending: false });
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 1 });
    await client.logPredictions(runId, [prediction("later")]);
    expect(server.predictions.map(({ task_id }) => task_id).sort()).toEqual([...FOUR, "e", "f", "later"]);
    await client.close();
    expect(await sync(server, logDir)).toMatchObject({ delivered: 0, pending: 0, rejected: 1 });
    const roomy = await backend({ state: server.state });
    expect(await sync(roomy, logDir, { retryRejected: true })).toMatchObject({ delivered: 1, pending: 0, rejected: 0 });
    expect(await differences(logDir, roomy)).toEqual(NONE);
  });

  it("to a batch, with the response to its first half lost, duplicates nothing if the whole fits later", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { maxRetries: 0 });
    const { runId } = await runOf(client);
    server.failNext({ status: 413, match: isOf(...FOUR) });
    server.failNext({ reset: true, afterCommit: true, match: isOf("a", "b") });
    await client.logPredictions(
      runId,
      FOUR.map((task) => prediction(task)),
    );
    expect(await client.flush({ timeoutMs: 10_000 })).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it.each(["a,b", "c,d"])(
    "to a batch, with a kill before the response to its half %s, duplicates nothing later",
    async (half) => {
      const [logDir, server] = [temporaryFolder(), await backend()];
      const client = clientFor(server, logDir, { maxRetries: 0 });
      const { runId } = await runOf(client);
      const isHalf = (request: RecordedRequest): boolean => tasksOf(request).join() === half;
      server.failNext({ status: 413, match: isOf(...FOUR) });
      server.failNext({ hang: true, afterCommit: true, match: isHalf });
      const call = client.logPredictions(
        runId,
        FOUR.map((task) => prediction(task)),
      );
      await until(() => server.requests.some(isHalf));
      await client.close({ timeoutMs: 1 });
      await call;
      // The whole batch would be taken now; but half of it is there.
      expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
      expect(await differences(logDir, server)).toEqual(NONE);
    },
  );

  it.each([
    ["first", ["a", "b"]],
    ["second", ["c", "d"]],
  ])("to a pending batch, with no response to its %s half, leaves nothing pending", async (_, half) => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { maxRetries: 0 });
    const { runId } = await runOf(client);
    // A reset of a connection that was in use before is tried again at once: two resets are an outage.
    server.failNext({ reset: true, times: 2 });
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    await client.logPredictions(
      runId,
      FOUR.map((task) => prediction(task)),
    );
    expect(client.status()).toEqual({ remote: "down", pending: 5, rejected: 0 });
    server.failNext({ status: 413, times: 2, match: isOf(...FOUR) });
    server.failNext({ reset: true, match: isOf(...half) });
    expect(await client.flush({ timeoutMs: 10_000 })).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe("idempotency keys", () => {
  it("are the same for a write in any process", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    server.failNext({ hang: true, match: ({ body }) => Object(body).step === 5, times: 2 });
    const writer = startWriter({ baseUrl: server.url, logDir, seed: 1, inFlight: 8, only: "metrics" });
    const attempts = () => server.requests.filter(({ body }) => Object(body).step === 5);
    await until(() => attempts().length === 1 && server.metrics.length > 20);
    await writer.kill();
    const killed = startProgram("sync.ts", { baseUrl: server.url, logDirs: [logDir] });
    await until(() => attempts().length === 2);
    await killed.kill();
    expect(await sync(server, logDir)).toMatchObject({ pending: 0 });
    expect(attempts()).toHaveLength(3);
    expect(new Set(attempts().map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expectOneKeyEach(server);
  });

  it("are the same in a copy of the folder", async () => {
    const [folder, server] = [temporaryFolder(), await backend()];
    const [original, copy] = [join(folder, "original"), join(folder, "copy")];
    const client = clientFor(server, original, { offline: true });
    const { experimentId, runId } = await runOf(client);
    for (const n of [1, 2, 3]) await writeOfEach(client, experimentId, runId, n);
    await client.close();
    cpSync(original, copy, { recursive: true });
    const reports = await Promise.all([sync(server, original), sync(server, copy)]);
    expect(reports).toMatchObject([{ pending: 0 }, { pending: 0 }]);
    expect(await differences(original, server)).toEqual(NONE);
    expect(await differences(copy, server)).toEqual(NONE);
    expectOneKeyEach(server);
  });

  it.each(["metrics", "predictions"] as const)(
    "are the same in a copy while the original continues: %s",
    async (stream) => {
      const [folder, server] = [temporaryFolder(), await backend()];
      const [original, copy] = [join(folder, "original"), join(folder, "copy")];
      const client = clientFor(server, original, { offline: true });
      const { runId } = await runOf(client);
      const write = (n: number): Promise<unknown> =>
        stream === "metrics"
          ? client.logStepMetric(runId, { step: n, loss: 1 })
          : client.logPredictions(runId, [prediction(`${n}.1`), prediction(`${n}.2`)]);
      for (const n of [1, 2]) await write(n);
      cpSync(original, copy, { recursive: true });
      for (const n of [3, 4]) await write(n);
      await client.close();
      expect(await sync(server, copy)).toMatchObject({ pending: 0 });
      expect(await sync(server, original)).toMatchObject({ pending: 0 });
      expect(await differences(original, server)).toEqual(NONE);
    },
  );

  it("are the same in a copy that was made during a sync", async () => {
    const [folder, server] = [temporaryFolder(), await backend()];
    const [original, copy] = [join(folder, "original"), join(folder, "copy")];
    const client = clientFor(server, original, { offline: true });
    const { experimentId, runId } = await runOf(client);
    for (const n of [1, 2, 3, 4, 5, 6]) await writeOfEach(client, experimentId, runId, n);
    await client.close();
    let left = 25;
    watch(server, () => {
      if (--left === 0) cpSync(original, copy, { recursive: true });
    });
    // A process of its own, whose locks are copied too: they say nothing once it has ended.
    const ended = await startProgram("sync.ts", { baseUrl: server.url, logDirs: [original] }).ended;
    expect(ended).toMatchObject({ code: 0 });
    expect(await sync(server, copy)).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(original, server)).toEqual(NONE);
    expect(await differences(copy, server)).toEqual(NONE);
    expectOneKeyEach(server);
  });

  it.each([1, 2, 3])("belong to the session that wrote the row, if %i opened before it", async (earlier) => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const first = clientFor(server, logDir, { offline: true });
    const { runId } = await runOf(first);
    await first.close();
    for (let n = 1; n < earlier; n += 1) {
      const idle = clientFor(server, logDir, { offline: true });
      await idle.updateRun(runId, { [`patch_${n}`]: n });
      await idle.close();
    }
    const second = clientFor(server, logDir);
    await second.logStepMetric(runId, { step: 1, loss: 1 });
    expect(await second.flush({ timeoutMs: 10_000 })).toMatchObject({ pending: 0 });
    await second.close();
    expect(await sync(server, logDir)).toMatchObject({ delivered: 0, pending: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
    expectOneKeyEach(server);
  });

  it("differ for two writes with the same contents in two mirrors of one run", async () => {
    const [folder, server] = [temporaryFolder(), await backend()];
    const { experimentId, runId } = await runOf(clientFor(server, join(folder, "first")));
    const before = server.requests.length;
    for (const name of ["second", "third"]) {
      const client = clientFor(server, join(folder, name));
      await writeOfEach(client, experimentId, runId, 1);
      await client.close();
    }
    const keys = server.requests.slice(before).map(({ idempotencyKey }) => idempotencyKey);
    expect(keys).toHaveLength(2 * 9);
    expect(new Set(keys).size).toBe(2 * 9);
    expect(written(server, /metrics/)).toHaveLength(6);
  });

  it("differ for two writes with the same contents before and after the folder was deleted", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const { experimentId, runId } = await runOf(clientFor(server, join(logDir, "other")));
    for (const name of ["first", "second"]) {
      const client = clientFor(server, join(logDir, "mirror"));
      await writeOfEach(client, experimentId, runId, 1);
      await client.close();
      rmSync(join(logDir, "mirror"), { recursive: true });
      expect(server.metrics, name).toHaveLength(name === "first" ? 3 : 6);
    }
    expect(server.predictions).toHaveLength(10);
  });
});
