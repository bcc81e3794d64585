import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { deadServer } from "../support/servers.js";
import { until } from "../support/until.js";
import { backend, clientFor, expectOneKeyEach, runOf, sync, watch, written } from "./support/backend.js";
import { differences, NONE } from "./support/compare.js";
import { prediction } from "./support/predictions.js";
import { startProgram } from "./support/program.js";
import { type RemoteClient, remoteClient } from "./support/remote-client.js";

const ROWS = 60;

/** Lets several processes log to one run at the same time, each with steps of its own. */
async function logTogether(children: readonly RemoteClient[], runId: string): Promise<void> {
  const calls = children.flatMap((child, number) =>
    Array.from({ length: ROWS }, async (_, n) => {
      const step = 1_000 * (number + 1) + n;
      await child.call("logStepMetric", runId, { step, loss: 1 });
      if (n % 20 === 0) await child.call("logPredictions", runId, [prediction(`${step}`), prediction(`${step}+`)]);
      if (n % 30 === 0) await child.call("updateRun", runId, { [`patch_${step}`]: step });
    }),
  );
  await Promise.all(calls);
}

function segments(logDir: string, runId: string): string[] {
  return readdirSync(join(logDir, "generations", runId)).filter((name) => name.startsWith("metrics"));
}

describe("two processes that log to one run", () => {
  it("online lose and duplicate nothing, each with its own file", async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ honourIdempotencyKeys: false })];
    const children = await Promise.all([1, 2].map(() => remoteClient({ baseUrl: server.url, logDir })));
    const [first] = children;
    if (first === undefined) throw new Error("There are no children.");
    const experiment = await first.call("createExperiment", { experiment_name: "experiment" });
    const run = await first.call("createRun", { experiment_id: experiment.id, seed: 1 });
    await logTogether(children, run.id);
    await until(async () => (await differences(logDir, server)).missing.length === 0);
    for (const child of children) child.letGo();
    expect((await Promise.all(children.map(({ ended }) => ended))).map(({ code }) => code)).toEqual([0, 0]);
    // Readers take all files; the first one's has the Python client's name.
    expect(segments(logDir, run.id).sort()).toEqual(["metrics.2.jsonl", "metrics.jsonl"]);
    expect(server.metrics.length, "rows that arrived; more means that both processes send them").toBe(2 * ROWS);
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("offline lose and duplicate nothing, and a sync sends all files", async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ honourIdempotencyKeys: false })];
    const children = await Promise.all([1, 2, 3].map(() => remoteClient({ offline: true, logDir })));
    const { runId } = await runOf(clientFor(server, logDir, { offline: true }));
    await logTogether(children, runId);
    for (const child of children) child.letGo();
    await Promise.all(children.map(({ ended }) => ended));
    expect(segments(logDir, runId)).toHaveLength(3);
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(server.metrics).toHaveLength(3 * ROWS);
    expect(await differences(logDir, server)).toEqual(NONE);
    expectOneKeyEach(server);
  });

  it("keep the order of their patches, whichever of them sends", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const owner = clientFor(server, logDir);
    const { runId } = await runOf(owner);
    const other = await remoteClient({ baseUrl: server.url, logDir });
    for (const round of [1, 2, 3]) {
      await other.call("updateRun", runId, { duration_seconds: 2 * round });
      await owner.updateRun(runId, { duration_seconds: 2 * round + 1 });
    }
    await until(() => written(server, new RegExp(`/sdk/runs/${runId}/$`)).length === 6);
    expect(owner.local.run(runId)).toMatchObject({ duration_seconds: 7 });
    expect(server.runs).toMatchObject([{ duration_seconds: 7 }]);
  });

  it("recover when the sender is killed: the other takes over and delivers the rest of both", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const owner = await remoteClient({ baseUrl: server.url, logDir });
    const experiment = await owner.call("createExperiment", { experiment_name: "experiment" });
    const run = await owner.call("createRun", { experiment_id: experiment.id, seed: 1 });
    await owner.call("logStepMetric", run.id, { step: 0, loss: 1 });
    const other = await remoteClient({ baseUrl: server.url, logDir });
    await other.call("logStepMetric", run.id, { step: 1, loss: 1 });
    await until(() => server.metrics.length === 2);

    // From here on the owner gets no responses, so much is pending when it is killed, some of it delivered.
    let received = 0;
    const takeBack = server.failNext({ hang: true, afterCommit: true, times: 4, match: () => ++received % 2 === 0 });
    const calls = Array.from({ length: 12 }, (_, n) =>
      owner.call("logStepMetric", run.id, { step: 10 + n, loss: 1 }).catch(() => {}),
    );
    let resolvedOfOther = 0;
    const logByOther = async (): Promise<void> => {
      for (; resolvedOfOther < 6; resolvedOfOther += 1) {
        await other.call("logStepMetric", run.id, { step: 100 + resolvedOfOther, loss: 1 });
      }
    };
    const logged = logByOther();
    // If the test fails here, its end kills the process.
    logged.catch(() => {});
    calls.push(logged);
    // The other process does not send, so it does not wait for the responses that hang.
    await until(() => resolvedOfOther === 6 && received >= 8, { seen: () => ({ resolvedOfOther, received }) });
    await owner.kill();
    takeBack();
    await Promise.all(calls);
    const rows = async () => {
      const found = await differences(logDir, server);
      return [...found.missing, ...found.wrong];
    };
    await until(async () => (await rows()).length === 0);
    expect(await differences(logDir, server)).toEqual(NONE);
    const live = server.metrics.length;
    await other.call("logStepMetric", run.id, { step: 999, loss: 1 });
    expect(server.metrics).toHaveLength(live + 1);
    expectOneKeyEach(server);
  });
});

describe("a sync", () => {
  it("skips the runs of a live process, and says so", async () => {
    const [logDir, server, logger] = [temporaryFolder(), await backend(), recordingLogger()];
    const abandoned = clientFor(server, logDir, { offline: true });
    const left = await runOf(abandoned);
    await abandoned.close();
    const owner = await remoteClient({ baseUrl: (await deadServer()).url, logDir, maxRetries: 0 });
    const experiment = await owner.call("createExperiment", { experiment_name: "owned" });
    const run = await owner.call("createRun", { experiment_id: experiment.id, seed: 2 });
    await owner.call("logStepMetric", run.id, { step: 1, loss: 1 });
    const report = await sync(server, logDir, { logger });
    expect(report).toMatchObject({
      delivered: 2,
      pending: 3,
      rejected: 0,
      blocked: expect.stringContaining(`${owner.process.pid}`),
    });
    expect(server.runs.map(({ seed }) => seed)).toEqual([1]);
    expect(server.metrics).toEqual([]);
    expect(logger.of("warn").join("\n")).toContain(`process ${owner.process.pid}`);
    expect(left.runId).not.toBe(server.runs[0]?.id);

    await owner.kill();
    expect(await sync(server, logDir)).toMatchObject({ delivered: 3, pending: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("sends what a live offline process has written, and later what it has added", async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ honourIdempotencyKeys: false })];
    const writer = await remoteClient({ offline: true, logDir });
    const experiment = await writer.call("createExperiment", { experiment_name: "experiment" });
    const run = await writer.call("createRun", { experiment_id: experiment.id, seed: 1 });
    for (let round = 1; round <= 3; round += 1) {
      for (let n = 0; n < 5; n += 1) await writer.call("logStepMetric", run.id, { step: 10 * round + n, loss: 1 });
      await writer.call("logPredictions", run.id, [prediction(`${round}`)]);
      await writer.call("updateRun", run.id, { duration_seconds: round });
      expect(await sync(server, logDir)).toMatchObject({ delivered: round === 1 ? 9 : 7, pending: 0 });
      expect(await differences(logDir, server)).toEqual(NONE);
    }
    expect(await writer.call("close")).toMatchObject({ rejected: 0 });
  });

  it("runs while an offline process writes: every row arrives once", async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ honourIdempotencyKeys: false })];
    const writer = await remoteClient({ offline: true, logDir });
    const experiment = await writer.call("createExperiment", { experiment_name: "experiment" });
    const run = await writer.call("createRun", { experiment_id: experiment.id, seed: 1 });
    let isOver = false;
    let step = 0;
    const writing = (async () => {
      for (; !isOver; step += 1) {
        await writer.call("logStepMetric", run.id, { step, loss: 1 });
        await writer.call("logPredictions", run.id, [prediction(`${step}`), prediction(`${step}+`)]);
        if (step % 5 === 0) await writer.call("updateRun", run.id, { duration_seconds: step });
      }
    })();
    for (let round = 1; round <= 5; round += 1) {
      await until(() => step > 10 * round);
      expect(await sync(server, logDir)).toMatchObject({ rejected: 0 });
    }
    isOver = true;
    await writing;
    await writer.kill();
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("sends nothing twice in parallel with another sync, whether keys are honoured or not", async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ honourIdempotencyKeys: false, latencyMs: 2 })];
    const client = clientFor(server, logDir, { offline: true });
    const { runId } = await runOf(client);
    for (let step = 0; step < 50; step += 1) await client.logStepMetric(runId, { step, loss: 1 });
    await client.close();
    const options = { baseUrl: server.url, logDirs: [logDir] };
    const syncs = [startProgram("sync.ts", options), startProgram("sync.ts", options)];
    await sync(server, logDir);
    await Promise.all(syncs.map(({ ended }) => ended));
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("keeps every acknowledgement if aborted: the next sync sends the rest, whether keys are honoured or not", async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ honourIdempotencyKeys: false, latencyMs: 2 })];
    const client = clientFor(server, logDir, { offline: true });
    const { runId } = await runOf(client);
    for (let step = 0; step < 60; step += 1) await client.logStepMetric(runId, { step, loss: 1 });
    await client.close();
    const abort = new AbortController();
    let left = 20;
    watch(server, () => {
      if (--left === 0) abort.abort();
    });
    const { delivered, pending } = await sync(server, logDir, { signal: abort.signal });
    expect(delivered).toBeLessThan(62);
    expect(delivered + pending).toBe(62);
    expect(await sync(server, logDir)).toMatchObject({ delivered: pending, pending: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("does not delay a client that starts meanwhile, and leaves the runs to it when killed", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const earlier = clientFor(server, logDir, { offline: true });
    const { runId } = await runOf(earlier);
    for (let step = 0; step < 20; step += 1) await earlier.logStepMetric(runId, { step, loss: 1 });
    await earlier.close();
    server.failNext({ hang: true, match: ({ body }) => Object(body).step === 10 });
    const syncing = startProgram("sync.ts", { baseUrl: server.url, logDirs: [logDir] });
    await until(() => server.metrics.length === 19);
    const client = clientFor(server, logDir);
    expect(await client.logStepMetric(runId, { step: 100, loss: 1 })).toEqual({ ok: true });
    expect(server.metrics).toHaveLength(19);
    await syncing.kill();
    await until(() => server.metrics.length === 21);
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("processes a mirror once if it is named twice or by another path", async () => {
    const [folder, server] = [temporaryFolder(), await backend()];
    const logDir = join(folder, "mirror");
    const client = clientFor(server, logDir, { offline: true });
    await runOf(client);
    await client.close();
    symlinkSync(logDir, join(folder, "link"));
    const logDirs = [logDir, `${logDir}/`, join(folder, "link")];
    expect(await sync(server, "", { logDirs })).toMatchObject({ delivered: 2, pending: 0, rejected: 0 });
  });

  it("sends each write once for a mirror and its copy", async () => {
    const [folder, server] = [temporaryFolder(), await backend()];
    const logDirs = [join(folder, "original"), join(folder, "copy")] as const;
    const client = clientFor(server, logDirs[0], { offline: true });
    const { runId } = await runOf(client);
    for (let n = 0; n < 10; n += 1) {
      await client.logStepMetric(runId, { step: n, loss: 1 });
      await client.logPredictions(runId, [prediction(`${n}`)]);
    }
    await client.updateRun(runId, { status: "completed" });
    await client.close();
    cpSync(logDirs[0], logDirs[1], { recursive: true });
    expect(await sync(server, "", { logDirs })).toMatchObject({ pending: 0, rejected: 0 });
    for (const logDir of logDirs) expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("with dryRun sends nothing and changes nothing", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { offline: true });
    const { runId } = await runOf(client);
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    await client.close();
    const contents = (): string[] =>
      readdirSync(logDir, { recursive: true, encoding: "utf8" })
        .sort()
        .map((path) => (path.includes(".json") ? readFileSync(join(logDir, path), "utf8") : path));
    const before = contents();
    const report = await sync(server, logDir, { dryRun: true });
    expect(report).toMatchObject({
      delivered: 0,
      pending: 3,
      byKind: { metrics: { pending: 1 }, runs: { pending: 1 } },
    });
    expect(contents()).toEqual(before);
    expect(server.requests).toEqual([]);
  });

  it("prefers the mirror's own project to its option", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { offline: true, projectId: "the mirror's" });
    await client.createExperiment({ experiment_name: "experiment" });
    await client.close();
    expect(await sync(server, logDir, { projectId: "another" })).toMatchObject({ delivered: 1 });
    expect(server.experiments).toMatchObject([{ project_id: "the mirror's" }]);
  });

  it("reports an unavailable backend and leaves everything pending", async () => {
    const [logDir, unavailable] = [temporaryFolder(), await deadServer()];
    const client = clientFor(unavailable, logDir, { offline: true });
    const { runId } = await runOf(client);
    for (let step = 0; step < 20; step += 1) await client.logStepMetric(runId, { step, loss: 1 });
    await client.close();
    const report = await sync(unavailable, logDir, { maxRetries: 0 });
    expect(report).toMatchObject({
      delivered: 0,
      pending: 22,
      rejected: 0,
      blocked: expect.stringContaining("unavailable"),
    });
  });

  it("finds parents in other mirrors of the same sync", async () => {
    const [folder, server] = [temporaryFolder(), await backend()];
    const roots = ["a", "b", "c"].map((name) => join(folder, name));
    const [a, b, c] = roots.map((logDir) => clientFor(server, logDir, { offline: true }));
    if (a === undefined || b === undefined || c === undefined) throw new Error("Three clients were to be made.");
    const experiment = await a.createExperiment({ experiment_name: "campaign" });
    const run = await b.createRun({ experiment_id: experiment.id, seed: 1 });
    const checkpoint = await b.addCheckpoint(run.id, { uri: "s3://1" });
    const other = await c.createRun({ experiment_id: experiment.id, seed: 2 });
    const evaluation = await c.createEval(other.id, { metrics: { a: 1 }, checkpoint_id: checkpoint.id });
    await b.logPredictions(run.id, [{ ...prediction("x"), eval_id: evaluation.id }]);
    await a.updateExperiment(experiment.id, { best_generation_id: other.id });
    for (const client of [a, b, c]) await client.close();
    // Whichever is named first.
    const logDirs = [...roots].reverse();
    expect(await sync(server, "", { logDirs })).toMatchObject({ delivered: 7, pending: 0, rejected: 0 });
    const [there] = server.experiments;
    expect(server.runs.map(({ experiment_id }) => experiment_id)).toEqual([there?.id, there?.id]);
    expect(server.evals).toMatchObject([{ checkpoint_id: server.checkpoints[0]?.id }]);
    expect(server.predictions).toMatchObject([{ eval_id: server.evals[0]?.id }]);
    expect(there?.best_generation_id).toBe(server.runs.find(({ seed }) => seed === 2)?.id);
    expect(await sync(server, "", { logDirs })).toMatchObject({ delivered: 0, pending: 0 });
  });
});

describe("ids that another process created offline", () => {
  it("are sent as the backend's ids, however often another process uses them", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const unavailable = clientFor(await deadServer(), logDir, { maxRetries: 0 });
    // Its calls wait for the id of a checkpoint that the other client cannot send.
    const client = clientFor(server, logDir, { timeoutMs: 1_000 });
    const { experimentId, runId } = await runOf(client);
    const theirs = await unavailable.createRun({ experiment_id: experimentId, seed: 2 });
    for (const n of [1, 2, 3]) {
      const checkpoint = await unavailable.addCheckpoint(theirs.id, { uri: `s3://${n}` });
      const evaluation = await unavailable.createEval(theirs.id, { metrics: { a: n } });
      await client.createEval(runId, { metrics: { b: n }, checkpoint_id: checkpoint.id });
      await client.logPredictions(runId, [{ ...prediction(`${n}`), eval_id: evaluation.id }]);
    }
    await client.updateExperiment(experimentId, { best_generation_id: theirs.id });
    await unavailable.close({ timeoutMs: 1 });
    await client.close({ timeoutMs: 1 });
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("are sent as the backend's ids in rows that an earlier process left in another run", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const earlier = clientFor(server, logDir, { offline: true });
    const { experimentId, runId } = await runOf(earlier);
    const other = await earlier.createRun({ experiment_id: experimentId, seed: 2 });
    const checkpoint = await earlier.addCheckpoint(runId, { uri: "s3://1" });
    const evaluation = await earlier.createEval(runId, { metrics: { a: 1 } });
    await earlier.createEval(other.id, { metrics: { b: 1 }, checkpoint_id: checkpoint.id });
    await earlier.logPredictions(other.id, [{ ...prediction("x"), eval_id: evaluation.id }]);
    await earlier.close();
    // The next process writes to the other run alone, and finds there what is not delivered.
    const client = clientFor(server, logDir);
    await client.logStepMetric(other.id, { step: 1, loss: 1 });
    await client.flush();
    await client.close({ timeoutMs: 1 });
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe("locks", () => {
  const locksBelow = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.includes(".lock"))
      .map((path) => join(folder, path));

  it("of a killed process are taken over at once", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const child = await remoteClient({ baseUrl: server.url, logDir });
    const experiment = await child.call("createExperiment", { experiment_name: "experiment" });
    const run = await child.call("createRun", { experiment_id: experiment.id, seed: 1 });
    await child.kill();
    expect(locksBelow(logDir)).not.toEqual([]);
    const client = clientFor(server, logDir);
    await client.logStepMetric(run.id, { step: 1, loss: 1 });
    expect(server.metrics).toHaveLength(1);
    // It has the place of the dead one, not one beside it.
    expect(segments(logDir, run.id)).toEqual(["metrics.jsonl"]);
  });

  it("are released by a process that exits without closing", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    await startProgram("await-calls.ts", { baseUrl: server.url, logDir }).ended;
    expect(locksBelow(logDir)).toEqual([]);
  });

  it.each([
    ["another host", "host"],
    ["another boot", "boot"],
  ])("of %s are respected while they are renewed, and then taken over", async (_, what) => {
    const [folder, server] = [temporaryFolder(), await backend()];
    const logDir = join(folder, "copy");
    await runOf(clientFor(await deadServer(), join(folder, "original"), { maxRetries: 0 }));
    // Locks of a process that lives: this one. In the copy they are made to be another's.
    cpSync(join(folder, "original"), logDir, { recursive: true });
    const boot = existsSync("/proc/sys/kernel/random/boot_id")
      ? readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
      : "";
    const locks = locksBelow(logDir);
    for (const path of locks) {
      const text = readFileSync(path, "utf8");
      const changed = what === "host" ? text.replace(hostname(), "another-host") : text.replace(boot, "another-boot");
      expect(changed).not.toBe(text);
      writeFileSync(path, changed);
    }
    if (what === "host") {
      expect(await sync(server, logDir)).toMatchObject({
        delivered: 0,
        pending: 2,
        blocked: expect.stringContaining("another-host"),
      });
    }
    const longAgo = Date.now() / 1000 - 3_600;
    for (const path of locks) utimesSync(path, longAgo, longAgo);
    expect(await sync(server, logDir)).toMatchObject({ delivered: 2, pending: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});
