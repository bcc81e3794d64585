import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  DashboardClient,
  type DashboardClientOptions,
  EvsysAuthError,
  EvsysError,
  EvsysValidationError,
  syncMirror,
} from "../../src/index.js";
import { program } from "../support/children.js";
import { offlineMirror } from "../support/cli.js";
import {
  API_KEY,
  clientOf,
  collected,
  failureOf,
  mockServer,
  offlineClient,
  PROJECT_ID,
  UUID,
  wrong,
} from "../support/clients.js";
import { pathsBelow, temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { EVAL, FULL_WRITES, PREDICTION } from "../support/writes.js";

const NOTHING = { delivered: 0, pending: 0, rejected: 0, skipped: 0 };

/** A disabled client of a running server, and a check that it did nothing. */
async function disabledClient(options: DashboardClientOptions = {}) {
  const server = await mockServer();
  const logger = recordingLogger();
  const client = clientOf(server, { disabled: true, offline: undefined, logger, ...options });
  /** Nothing has reached the disk, the network or the log. */
  const expectNoTrace = () => {
    expect(existsSync(client.local.root)).toBe(false);
    expect(server.requests).toEqual([]);
    expect(logger.lines).toEqual([]);
  };
  return { server, client, expectNoTrace };
}

describe("a disabled client", () => {
  it("returns a result for each write and leaves no trace", async () => {
    const { client, expectNoTrace } = await disabledClient();
    const experiment = await client.createExperiment({ experiment_name: "iris" });
    expect(experiment).toEqual({
      id: expect.stringMatching(UUID),
      experiment_name: "iris",
      project_id: client.projectId,
    });
    const run = await client.createRun({ experiment_id: experiment.id, seed: 0 });
    expect(run).toEqual({
      id: expect.stringMatching(UUID),
      experiment_id: experiment.id,
      seed: 0,
      status: "pending",
    });
    const ids = { experimentId: experiment.id, runId: run.id };
    for (const { call } of FULL_WRITES) await call(client, ids);
    expect(await client.updateRun(run.id, { status: "failed" })).toEqual({ id: run.id, patched: ["status"] });
    expect(await client.logStepMetric(run.id, { step: 1, loss: Number.NaN })).toEqual({ ok: true });
    expect(await client.createEval(run.id, EVAL)).toEqual({ ...EVAL, ok: true, id: expect.stringMatching(UUID) });
    const predictions = new Array(2_500).fill(PREDICTION);
    expect(await client.logPredictions(run.id, predictions)).toEqual({ ok: true, inserted: 2_500 });
    expectNoTrace();
  });

  it("logs nothing about values that are not sent, at close either", async () => {
    const { client, expectNoTrace } = await disabledClient({ logLevel: "INFO" });
    for (const step of [1, 2]) await client.logStepMetric("run-1", { step, loss: Number.NaN });
    await client.close();
    expectNoTrace();
  });

  it("counts nothing", async () => {
    const { client, expectNoTrace } = await disabledClient();
    await client.logStepMetric("run-1", { step: 1, loss: 1 });
    expect(client).toMatchObject({ disabled: true, offline: true });
    expect(client.status()).toEqual({ remote: "offline", pending: 0, rejected: 0 });
    expect(await client.flush({ timeoutMs: 5 })).toMatchObject({ ...NOTHING, durationMs: 0 });
    expect(await client.close()).toMatchObject({ ...NOTHING, byKind: { metrics: NOTHING } });
    expectNoTrace();
    expect(await failureOf(() => client.logStepMetric("run-1", { step: 2, loss: 1 }))).toBeInstanceOf(EvsysError);
  });

  it("rejects what an enabled client rejects", async () => {
    const { client } = await disabledClient();
    for (const call of [
      () => client.createExperiment(wrong({ name: "iris" })),
      () => client.logStepMetric("../run", { step: 1, loss: 1 }),
      () => client.logStepMetric("run-1", { step: 0.5, loss: 1 }),
      () => client.logPredictions("run-1", [wrong({ kind: "eval" })]),
      () => client.updateRun("run-1", {}),
      () => client.flush(wrong({ timeout: 5 })),
      () => client.startRun({ experiment_name: "x", trackBest: "" }),
      () => client.local.run("../run"),
      () => client.local.metrics(".."),
      () => client.local.metrics("run-1", wrong({ from: 0.5 })),
      () => client.local.predictions("run-1", wrong({ split: "val" })),
    ])
      expect(await failureOf(call)).toBeInstanceOf(EvsysValidationError);
  });

  it("sends nothing in post(), and has no client.api", async () => {
    const { client, expectNoTrace } = await disabledClient();
    expect(await client.post("/sdk/runs/", {})).toBeNull();
    const error = await failureOf(() => client.api.POST("/sdk/runs/", { body: { experiment_id: "e" } }));
    expect(error).toBeInstanceOf(EvsysError);
    expect(String(error)).toContain("this client is disabled");
    expectNoTrace();
  });

  it("runs a training to completion", async () => {
    const { client, expectNoTrace } = await disabledClient();
    const steps = await client.withRun({ experiment_name: "iris", trackBest: "loss", signals: true }, async (run) => {
      expect([run.experimentId, run.runId]).toEqual([expect.stringMatching(UUID), expect.stringMatching(UUID)]);
      for (let step = 0; step < 10; step += 1) await run.logStep({ loss: 1 / (step + 1) });
      await run.logEval(EVAL);
      run.setConclusion("it converges");
      return 10;
    });
    expect(steps).toBe(10);
    const failure = new Error("diverged");
    const failed = client.withRun({ experiment_id: "e-1" }, () => Promise.reject(failure));
    expect(await failureOf(() => failed)).toBe(failure);
    const run = await client.startRun({ experiment_name: "iris" });
    await run.complete();
    expect(String(await failureOf(() => run.logStep({ loss: 1 })))).toContain("the run has ended");
    expectNoTrace();
  });

  it("yields to the event loop during a loop of awaited calls", async () => {
    const { client } = await disabledClient();
    let hasFired = false;
    setImmediate(() => {
      hasFired = true;
    });
    for (let step = 0; !hasFired && step < 200_000; step += 1) await client.logStepMetric("run-1", { step, loss: 1 });
    expect(hasFired).toBe(true);
  });

  it("reads nothing from an existing mirror", async () => {
    const other = offlineClient();
    const run = await other.startRun({ experiment_name: "iris" });
    await run.logStep({ loss: 1 });
    await other.close();
    const before = pathsBelow(other.local.root);
    const { client } = await disabledClient({ logDir: other.local.root });
    await client.updateRun(run.runId, { status: "failed" });
    const { local } = client;
    expect([local.runs(), local.experiments()]).toEqual([[], []]);
    expect([local.run(run.runId), local.experiment(run.experimentId)]).toEqual([undefined, undefined]);
    const rows: AsyncIterable<unknown>[] = [
      local.metrics(run.runId),
      local.evals(run.runId),
      local.checkpoints(run.runId),
      local.predictions("unknown"),
    ];
    for (const each of rows) expect(await collected(each)).toEqual([]);
    expect(pathsBelow(other.local.root)).toEqual(before);
    expect(other.local.run(run.runId)?.status).toBe("running");
  });
});

describe("EVSYS_DISABLED", () => {
  afterEach(() => void vi.unstubAllEnvs());

  it("disables a client without key and project, and takes precedence over offline: false", () => {
    vi.stubEnv("EVSYS_DISABLED", " Yes ");
    for (const name of ["EVSYS_API_KEY", "EVSYS_PROJECT_ID", "EVSYS_OFFLINE"]) vi.stubEnv(name, undefined);
    expect(new DashboardClient()).toMatchObject({ disabled: true, offline: true });
    expect(new DashboardClient({ offline: false })).toMatchObject({ disabled: true, offline: true });
  });

  it("yields to the option in both directions", () => {
    vi.stubEnv("EVSYS_DISABLED", "1");
    expect(new DashboardClient({ disabled: false, offline: true }).disabled).toBe(false);
    vi.stubEnv("EVSYS_DISABLED", "0");
    expect(new DashboardClient({ disabled: true }).disabled).toBe(true);
  });

  it("is rejected by name if its value is invalid", async () => {
    vi.stubEnv("EVSYS_DISABLED", "please");
    const { message } = Object(await failureOf(() => new DashboardClient()));
    expect(message).toContain('EVSYS_DISABLED: expected one of 1, true, yes, on, 0, false, no, off, got "please"');
  });

  it("does not disable an explicit sync", async () => {
    const { logDir, writes } = await offlineMirror();
    const server = await mockServer();
    vi.stubEnv("EVSYS_DISABLED", "1");
    const report = await syncMirror({ baseUrl: server.url, apiKey: API_KEY, projectId: PROJECT_ID, logDirs: [logDir] });
    expect(report).toMatchObject({ delivered: writes, pending: 0 });
    vi.stubEnv("EVSYS_API_KEY", undefined);
    expect(await failureOf(() => syncMirror({ logDirs: [logDir], projectId: PROJECT_ID }))).toBeInstanceOf(
      EvsysAuthError,
    );
  });

  it("leaves no file and prints nothing in a process that ends without closing", async () => {
    const logDir = join(temporaryFolder(), "mirror");
    const child = program("disabled.ts", [], { EVSYS_DISABLED: "1", EVSYS_LOG_DIR: logDir });
    expect(await child.ended).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
    expect(existsSync(logDir)).toBe(false);
  });
});
