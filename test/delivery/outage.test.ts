import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { DashboardClient } from "../../src/index.js";
import type { MockServer } from "../../src/testing/index.js";
import { run } from "../support/children.js";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { deadServer } from "../support/servers.js";
import { until } from "../support/until.js";
import { backend, clientFor, runOf, sync } from "./support/backend.js";
import { differences, NONE } from "./support/compare.js";
import { prediction } from "./support/predictions.js";
import { startProgram } from "./support/program.js";
import { remoteClient } from "./support/remote-client.js";

const MODES = ["await", "background"] as const;

/** A loop that starves the timers could not be ended by the timer of its test. */
const MOST_WRITES = 20_000;

/** The server that comes back where another has gone: same port, same rows and keys. */
function backAgain(gone: MockServer): Promise<MockServer> {
  return backend({ port: gone.port, state: gone.state });
}

function isAllDelivered(client: DashboardClient): boolean {
  const { remote, pending } = client.status();
  return remote === "up" && pending === 0;
}

describe.each(MODES)("an outage in the middle of a run, delivery %s", (delivery) => {
  it("ends without help from the caller, and everything is delivered once", async () => {
    const [logDir, first, logger] = [temporaryFolder(), await backend(), recordingLogger()];
    const client = clientFor(first, logDir, { delivery, maxRetries: 0, logger });
    const { experimentId, runId } = await runOf(client);
    for (let step = 0; step < 10; step += 1) await client.logStepMetric(runId, { step, loss: 1 });
    await until(() => isAllDelivered(client));
    expect(first.metrics).toHaveLength(10);

    await first.stop();
    for (let step = 10; step < 30; step += 1) {
      expect(await client.logStepMetric(runId, { step, loss: 1 })).toEqual({ ok: true });
    }
    await client.logPredictions(runId, [prediction("a"), prediction("b")]);
    await client.updateRun(runId, { status: "completed" });
    await client.updateExperiment(experimentId, { status: "completed" });
    await until(() => client.status().remote === "down");
    expect(client.status()).toEqual({ remote: "down", pending: 20 + 2 + 2, rejected: 0 });
    expect(logger.of("warn")).toEqual([expect.stringContaining("is unavailable")]);

    const second = await backAgain(first);
    await until(() => isAllDelivered(client));
    expect(await differences(logDir, second)).toEqual(NONE);
    await until(() => logger.lines.length > 1);
    expect(logger.lines.map(({ method }) => method)).toEqual(["warn", "warn"]);
    expect(logger.of("warn")[1]).toMatch(/is back.*\b24 .*delivered/);
    // The client is online again: an awaited call returns the backend's response.
    await client.logStepMetric(runId, { step: 30, loss: 1 });
    if (delivery === "await") expect(second.metrics).toHaveLength(31);
    expect(await client.close()).toMatchObject({ pending: 0, rejected: 0 });
    expect(second.metrics).toHaveLength(31);
  });

  it("from the start of a run: entities created meanwhile get the backend's ids in every reference", async () => {
    const [logDir, gone] = [temporaryFolder(), await backend()];
    await gone.stop();
    const client = clientFor(gone, logDir, { delivery, maxRetries: 0 });
    const { experimentId, runId } = await runOf(client);
    const checkpoint = await client.addCheckpoint(runId, { uri: "s3://1" });
    const evaluation = await client.createEval(runId, { metrics: { a: 1 }, checkpoint_id: checkpoint.id });
    await client.logPredictions(runId, [{ ...prediction("a"), eval_id: evaluation.id }]);
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    await client.updateExperiment(experimentId, { best_generation_id: runId });
    await until(() => client.status().remote === "down");
    expect(client.status()).toEqual({ remote: "down", pending: 7, rejected: 0 });

    const server = await backAgain(gone);
    await until(() => isAllDelivered(client));
    const [experiment, run] = [server.experiments[0], server.runs[0]];
    expect(experiment?.id).not.toBe(experimentId);
    expect(run?.id).not.toBe(runId);
    expect(run?.experiment_id).toBe(experiment?.id);
    expect(experiment?.best_generation_id).toBe(run?.id);
    expect(server.evals).toMatchObject([{ checkpoint_id: server.checkpoints[0]?.id, run_id: run?.id }]);
    expect(server.predictions).toMatchObject([{ eval_id: server.evals[0]?.id, run_id: run?.id }]);
    expect(server.checkpoints[0]?.id).not.toBe(checkpoint.id);

    // The caller goes on with the ids that it was given.
    await client.logStepMetric(runId, { step: 2, loss: 1 });
    await client.createEval(runId, { metrics: { a: 2 }, checkpoint_id: checkpoint.id });
    await client.logPredictions(runId, [{ ...prediction("b"), eval_id: evaluation.id }]);
    await client.createRun({ experiment_id: experimentId, seed: 2 });
    await client.updateExperiment(experimentId, { current_iteration: 3, best_generation_id: runId });
    expect(await client.flush({ timeoutMs: 10_000 })).toMatchObject({ pending: 0, rejected: 0 });
    expect(server.requests.filter(({ status }) => status === undefined || status > 299)).toEqual([]);
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("ends even if rows are produced faster than they are drained", async () => {
    const [logDir, first] = [temporaryFolder(), await backend()];
    const client = clientFor(first, logDir, { delivery, maxRetries: 0, concurrency: 2 });
    const { runId } = await runOf(client);
    await first.stop();
    let step = 0;
    // A training that computes for a while and never gives the timers a turn of its own accord.
    const write = async () => {
      await client.logStepMetric(runId, { step: step++, loss: 1 });
      for (const until = performance.now() + 1; performance.now() < until; );
    };
    while (client.status().remote !== "down" && step < MOST_WRITES) await write();
    const second = await backend({ port: first.port, state: first.state, latencyMs: 5 });
    while (client.status().remote !== "up" && step < MOST_WRITES) await write();
    expect(client.status().remote).toBe("up");
    expect(client.status().pending).toBeGreaterThan(0);
    for (let more = 0; more < 50; more += 1) {
      await write();
      expect(client.status().remote).toBe("up");
      // An awaited call is sent before the backlog, and gets its response.
      if (delivery === "await") expect(second.metrics.map((row) => row.step)).toContain(step - 1);
    }
    await client.close({ timeoutMs: 1 });
    const third = await backend({ state: second.state });
    expect(await sync(third, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(third.metrics).toHaveLength(step);
    expect(await differences(logDir, third)).toEqual(NONE);
  });
});

describe("a flush during an outage", () => {
  it("probes, and does not delay the client's own next probe", async () => {
    const [logDir, first] = [temporaryFolder(), await backend()];
    const client = clientFor(first, logDir, { maxRetries: 0 });
    const { runId } = await runOf(client);
    await first.stop();
    await client.logStepMetric(runId, { step: 0, loss: 1 });
    for (let turn = 0; turn < 12; turn += 1) await client.flush({ timeoutMs: 100 });
    const second = await backAgain(first);
    await until(() => isAllDelivered(client));
    expect(second.metrics).toHaveLength(1);
    await client.close();
  });
});

describe("a patch whose call waits behind one that has just failed", () => {
  it("resolves from the mirror in an outage, and causes no further request", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { maxRetries: 0 });
    const { runId } = await runOf(client);
    const before = server.requests.length;
    const keys = () => new Set(server.requests.slice(before).map(({ idempotencyKey }) => idempotencyKey));
    const takeBack = server.failNext({ reset: true, times: Number.POSITIVE_INFINITY });
    const patch = () => client.updateRun(runId, { status: "failed" });
    await Promise.all([patch(), patch(), patch()]);
    expect(keys().size).toBe(1);
    expect(server.requests.length - before).toBeLessThan(3);
    expect(client.status()).toEqual({ remote: "down", pending: 3, rejected: 0 });
    takeBack();
    expect(await client.close({ timeoutMs: 10_000 })).toMatchObject({ pending: 0, rejected: 0 });
  });
});

describe("the log of an outage that affects 200 runs", () => {
  it.each(MODES)("has one line for its start and one for its end, delivery %s", async (delivery) => {
    const [logDir, first, logger] = [temporaryFolder(), await backend(), recordingLogger()];
    const client = clientFor(first, logDir, { delivery, maxRetries: 0, logger, logLevel: "INFO" });
    const { experimentId } = await runOf(client);
    const creates = Array.from({ length: 200 }, (_, seed) => client.createRun({ experiment_id: experimentId, seed }));
    const runIds = (await Promise.all(creates)).map(({ id }) => id);
    await first.stop();
    for (let step = 0; step < 2; step += 1) {
      await Promise.all(runIds.map((id) => client.logStepMetric(id, { step, loss: 1 })));
      // It probes as often as the time allows.
      await client.flush({ timeoutMs: 300 });
    }
    expect(logger.of("warn")).toEqual([expect.stringContaining("is unavailable")]);
    await backAgain(first);
    await until(() => isAllDelivered(client));
    await until(() => logger.of("info").length > 0);
    expect(logger.lines.map(({ method }) => method)).toEqual(["warn", "warn", "info"]);
    expect(await client.close()).toMatchObject({ pending: 0, rejected: 0 });
    expect(logger.lines).toHaveLength(3);
  });
});

describe("a backlog", () => {
  it("is sent with parents before children, and patches after the rows", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(await deadServer(), logDir, { maxRetries: 0 });
    for (const n of [1, 2, 3]) {
      const experiment = await client.createExperiment({ experiment_name: `e${n}` });
      await client.updateExperiment(experiment.id, { current_iteration: n });
      for (const m of [1, 2]) {
        const run = await client.createRun({ experiment_id: experiment.id, seed: 10 * n + m });
        await client.updateRun(run.id, { duration_seconds: 1 });
        await client.logStepMetric(run.id, { step: 1, loss: 1 });
        const evaluation = await client.createEval(run.id, { metrics: { a: 1 } });
        await client.logPredictions(run.id, [{ ...prediction(`${n}.${m}`), eval_id: evaluation.id }]);
        const checkpoint = await client.addCheckpoint(run.id, { uri: `s3://${n}/${m}` });
        await client.createEval(run.id, { metrics: { a: 2 }, checkpoint_id: checkpoint.id });
        await client.updateRun(run.id, { duration_seconds: 2 });
      }
      await client.updateExperiment(experiment.id, { current_iteration: n + 1 });
    }
    await client.close({ timeoutMs: 1 });
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });

    const ranks: readonly RegExp[] = [
      /^\/sdk\/experiments\/$/,
      /^\/sdk\/runs\/$/,
      /\/checkpoints\/$/,
      /\/evals\/$/,
      /\/(metrics|predictions)\/$/,
      /^\/sdk\/runs\/[^/]+\/$/,
      /^\/sdk\/experiments\/[^/]+\/$/,
    ];
    const order = server.requests.map(({ path }) => ranks.findIndex((rank) => rank.test(path)));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(new Set(order)).toEqual(new Set(ranks.keys()));
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("includes calls made during the drain, none of which is sent before its parent", async () => {
    const [logDir, gone] = [temporaryFolder(), await backend()];
    await gone.stop();
    const client = clientFor(gone, logDir, { maxRetries: 0 });
    const { experimentId, runId } = await runOf(client);
    for (let step = 0; step < 200; step += 1) await client.logStepMetric(runId, { step, loss: 1 });
    const server = await backend({ port: gone.port, state: gone.state, latencyMs: 4 });
    await until(() => server.requests.length > 0);

    // From here on the backlog drains; each round makes parents and names them at once, without waiting.
    let seed = 2;
    const rounds: Promise<unknown>[] = [];
    while (!isAllDelivered(client) && seed < 30) {
      const run = await client.createRun({ experiment_id: experimentId, seed: seed++ });
      const [checkpoint, evaluation] = [
        await client.addCheckpoint(run.id, { uri: `s3://${run.id}` }),
        await client.createEval(runId, { metrics: { a: seed } }),
      ];
      rounds.push(
        client.createEval(run.id, { metrics: { a: seed }, checkpoint_id: checkpoint.id }),
        client.logPredictions(run.id, [{ ...prediction(`${seed}`), eval_id: evaluation.id }]),
        client.logStepMetric(run.id, { step: seed, loss: 1 }),
        client.updateRun(run.id, { duration_seconds: seed }),
        client.updateExperiment(experimentId, { best_generation_id: run.id, current_iteration: seed }),
      );
    }
    await Promise.all(rounds);
    expect(rounds.length).toBeGreaterThan(0);
    expect(await client.flush({ timeoutMs: 20_000 })).toMatchObject({ pending: 0, rejected: 0 });
    expect(server.requests.filter(({ status }) => status === undefined || status > 299)).toEqual([]);
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe("status()", () => {
  it("of an offline client counts its writes as pending", async () => {
    const client = clientFor(await deadServer(), temporaryFolder(), { offline: true });
    expect(client.status()).toEqual({ remote: "offline", pending: 0, rejected: 0 });
    const { runId } = await runOf(client);
    await client.logPredictions(runId, [prediction("a"), prediction("b")]);
    expect(client.status()).toEqual({ remote: "offline", pending: 4, rejected: 0 });
    expect(await client.flush()).toMatchObject({ delivered: 0, pending: 4 });
  });

  it("counts what an earlier process left in a run, once the client writes to it, and sends it", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const earlier = clientFor(await deadServer(), logDir, { maxRetries: 0 });
    const { runId } = await runOf(earlier);
    await earlier.logStepMetric(runId, { step: 1, loss: 1 });
    await earlier.close({ timeoutMs: 1 });
    const client = clientFor(server, logDir);
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
    await client.logStepMetric(runId, { step: 2, loss: 1 });
    expect(client.status()).toMatchObject({ remote: "up", rejected: 0 });
    expect(client.status().pending).toBeGreaterThanOrEqual(3);
    // The client has not written to the experiment, but without it the run cannot go.
    expect(await client.flush({ timeoutMs: 10_000 })).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe("a 429 response", () => {
  it("is waited for within the call, as Retry-After specifies", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir);
    const { runId } = await runOf(client);
    server.failNext({ status: 429, headers: { "retry-after": "0" }, times: 2 });
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    expect(server.metrics).toHaveLength(1);
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
  });

  it("with a Retry-After beyond the call's timeout resolves at once, throws nothing, and is sent later", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { timeoutMs: 900 });
    const { experimentId, runId } = await runOf(client);
    const refusesAll = { status: 429, headers: { "retry-after": "1" }, times: Number.POSITIVE_INFINITY };
    const takeBack = server.failNext(refusesAll);
    const before = server.requests.length;
    expect(await client.logStepMetric(runId, { step: 1, loss: 1 })).toEqual({ ok: true });
    expect(server.requests).toHaveLength(before + 1);
    expect(await client.createRun({ experiment_id: experimentId, seed: 2 })).toHaveProperty("id");
    expect(await client.updateRun(runId, { status: "running" })).toHaveProperty("patched", ["status"]);
    expect(client.status()).toEqual({ remote: "down", pending: 3, rejected: 0 });
    takeBack();
    await until(() => isAllDelivered(client));
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("in the middle of a sync loses no row", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { offline: true });
    const { runId } = await runOf(client);
    for (let step = 0; step < 50; step += 1) await client.logStepMetric(runId, { step, loss: 1 });
    await client.close();
    let asked = 0;
    server.failNext({ status: 429, headers: { "retry-after": "0" }, times: 17, match: () => ++asked % 3 === 0 });
    expect(await sync(server, logDir)).toMatchObject({ delivered: 52, pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe("a process that exits with pending rows", () => {
  it("exits at once, with a probe in flight, after one line with the exact command", async () => {
    const server = await backend();
    const logDir = join(temporaryFolder(), "a user's folder");
    const child = await remoteClient({ baseUrl: server.url, logDir, maxRetries: 0, timeoutMs: 600_000 });
    const { id: experiment_id } = await child.call("createExperiment", { experiment_name: "experiment" });
    const { id: runId } = await child.call("createRun", { experiment_id, seed: 1 });
    server.failNext({ reset: true, times: 2 });
    await child.call("logStepMetric", runId, { step: 1, loss: 1 });
    await child.call("logStepMetric", runId, { step: 2, loss: 1 });
    server.failNext({ hang: true, times: Number.POSITIVE_INFINITY });
    const before = server.requests.length;
    await until(() => server.requests.length > before);
    child.letGo();
    const { code, signal, stderr } = await child.ended;
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    const lines = stderr.split("\n").filter((line) => line.includes("npx evsys-sdk sync"));
    expect(lines).toEqual([expect.stringMatching(/\b2 writes\b.*npx evsys-sdk sync \S/)]);
    const command = lines[0]?.slice(lines[0].indexOf("npx evsys-sdk sync"));
    const { stdout } = await run("bash", ["-c", `npx() { printf '%s\\n' "$@"; }; ${command}`]).ended;
    expect(stdout).toBe(`evsys-sdk\nsync\n${logDir}\n`);
  });

  it("prints nothing if everything was delivered", async () => {
    const server = await backend();
    const child = startProgram("await-calls.ts", { baseUrl: server.url, logDir: temporaryFolder() });
    expect(await child.ended).toMatchObject({
      code: 0,
      stderr: "",
      stdout: '{"remote":"up","pending":0,"rejected":0}\n',
    });
  });
});

describe("a call that is awaited while the server hangs", () => {
  it("resolves locally, and keeps the process alive until then", async () => {
    const server = await backend();
    const logDir = temporaryFolder();
    server.failNext({ hang: true, times: Number.POSITIVE_INFINITY });
    const child = startProgram("await-calls.ts", { baseUrl: server.url, logDir, timeoutMs: 400, maxRetries: 0 });
    const { code, stdout } = await child.ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{"remote":"down","pending":4,"rejected":0}\n' });
    const back = await backend({ state: server.state });
    expect(await sync(back, logDir)).toMatchObject({ delivered: 4, pending: 0 });
    expect(await differences(logDir, back)).toEqual(NONE);
  });

  it("does not block the event loop while it retries", async () => {
    const server = await backend();
    server.failNext({ status: 503, headers: { "retry-after": "0" }, times: 2 });
    const child = startProgram("await-calls.ts", { baseUrl: server.url, logDir: temporaryFolder() });
    expect(await child.ended).toMatchObject({ code: 0, stdout: '{"remote":"up","pending":0,"rejected":0}\n' });
  });
});
