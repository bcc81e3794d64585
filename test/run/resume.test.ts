import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type DashboardClient, type DashboardClientOptions, syncMirror } from "../../src/index.js";
import type { MockServer } from "../../src/testing/index.js";
import {
  API_KEY,
  clientOf,
  collected,
  failureOf,
  mockServer,
  offlineClient,
  PROJECT_ID,
  wrong,
} from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { EVAL } from "../support/writes.js";

const OPTIONS = { experiment_name: "iris", seed: 42 } as const;

/** A client of one job: offline, or of a server. */
type Job = (options?: DashboardClientOptions) => DashboardClient;

/** Jobs that share one folder. */
function jobsOn(logDir = temporaryFolder(), server?: MockServer): Job {
  return (options) =>
    server === undefined ? offlineClient({ logDir, ...options }) : clientOf(server, { logDir, ...options });
}

/** Starts a run, logs two steps, and leaves it as a kill does. */
async function firstJob(job: Job, more: object = {}) {
  const client = job();
  const run = await client.startRun({ ...OPTIONS, ...more });
  await run.logStep({ loss: 2, accuracy: 0.9 });
  await run.logStep({ loss: 1, accuracy: 0.8 });
  await run.logStep({ loss: 3 }, { split: "val" });
  await client.close();
  return { run, runId: run.runId, experimentId: run.experimentId };
}

async function sync(server: MockServer, ...logDirs: string[]) {
  return syncMirror({
    baseUrl: server.url,
    apiKey: API_KEY,
    projectId: PROJECT_ID,
    logDirs,
    logger: recordingLogger(),
  });
}

async function stepsOf(client: DashboardClient, runId: string) {
  return (await collected(client.local.metrics(runId))).map(({ step, split }) => `${split} ${step}`);
}

describe("startRun with run_id", () => {
  it("marks the run as running, and continues after the last step of each split", async () => {
    const job = jobsOn();
    const { runId, experimentId } = await firstJob(job);
    const client = job();
    const run = await client.startRun({ run_id: runId });
    expect([run.runId, run.id, run.experimentId]).toEqual([runId, runId, experimentId]);
    expect(client.local.run(runId)).toMatchObject({ status: "running", seed: 42 });
    await run.logStep({ loss: 0.5 });
    await run.logStep({ loss: 2 }, { split: "val" });
    await run.logStep({ loss: 2 }, { split: "test" });
    expect(await stepsOf(client, runId)).toEqual(["train 0", "train 1", "val 0", "train 2", "val 1", "test 0"]);
  });

  it("continues after a torn line, and after rows of a second writer and the Python client", async () => {
    const job = jobsOn();
    const { runId } = await firstJob(job);
    const folder = join(job().local.root, "generations", runId);
    appendFileSync(
      join(folder, "metrics.jsonl"),
      '{"step": 7, "split": "train", "metrics": {"loss": NaN}}\n{"step":90,"spl',
    );
    writeFileSync(join(folder, "metrics.2.jsonl"), '{"split":"val","step":4,"metrics":{"loss":1}}\n');
    const client = job();
    const run = await client.startRun({ run_id: runId });
    await run.logStep({ loss: 0.5 });
    await run.logStep({ loss: 0.5 }, { split: "val" });
    expect(await stepsOf(client, runId)).toEqual(expect.arrayContaining(["train 8", "val 5"]));
  });

  it("continues the tracked best score and the summary, and completes an experiment that the first job created", async () => {
    const server = await mockServer();
    const job = jobsOn(undefined, server);
    const { run: first, runId } = await firstJob(job, { trackBest: "accuracy" });
    await job().updateRun(runId, { summary: { tokens: 7 } });
    const client = job();
    const run = await client.startRun({ run_id: first.runId, trackBest: "accuracy" });
    await run.logEval({ ...EVAL, metrics: { accuracy: 0.85 } });
    await run.complete();
    await client.flush();
    expect(server.runs).toMatchObject([{ status: "completed", summary: { tokens: 7, best_score: 0.9 } }]);
    expect(server.experiments).toMatchObject([{ status: "completed", best_score: 0.9 }]);
  });

  it("finds the best value among the evals of earlier jobs too, with the lowest as the best", async () => {
    const job = jobsOn();
    const { runId } = await firstJob(job);
    await job().createEval(runId, { ...EVAL, metrics: { größe: -3 } });
    const client = job();
    const run = await client.startRun({ run_id: runId, trackBest: { metric: "größe", mode: "min" } });
    await run.complete();
    expect(client.local.run(runId)).toMatchObject({ summary: { best_score: -3 } });
  });

  it("does not complete an experiment that was passed by its id, though this mirror created it", async () => {
    const job = jobsOn();
    const { id: experiment_id } = await job().createExperiment({ experiment_name: "sweep" });
    const { runId } = await job().startRun({ experiment_id });
    const client = job();
    await (await client.startRun({ run_id: runId })).complete();
    expect(client.local.run(runId)).toMatchObject({ status: "completed" });
    expect(client.local.experiment(experiment_id)).not.toHaveProperty("status");
  });

  it("clears an earlier job's error message, also on the experiment", async () => {
    const server = await mockServer();
    const job = jobsOn(undefined, server);
    const { runId, experimentId } = await firstJob(job);
    await (await job().startRun({ run_id: runId })).fail(new Error("out of memory"));
    expect(server.experiments).toMatchObject([{ status: "failed", error_message: "Error: out of memory" }]);
    const run = await job().startRun({ run_id: runId });
    expect(server.runs).toMatchObject([{ id: runId, status: "running", error_message: "" }]);
    expect(server.experiments).toMatchObject([{ id: experimentId, status: "running", error_message: "" }]);
    await run.complete();
    expect(server.experiments).toMatchObject([{ status: "completed" }]);
  });

  it("behaves like a new run: a signal cancels it", async () => {
    const job = jobsOn();
    const { runId } = await firstJob(job);
    const abort = new AbortController();
    const client = job();
    const run = await client.startRun({ run_id: runId, signal: abort.signal, signals: false });
    abort.abort(new Error("enough"));
    await run.complete();
    expect(client.local.run(runId)).toMatchObject({ status: "cancelled", error_message: "Error: enough" });
    expect(await failureOf(() => client.startRun({ run_id: runId, signal: abort.signal }))).toBe(abort.signal.reason);
    expect(client.local.run(runId)).toMatchObject({ status: "cancelled" });
  });

  it("works the same with withRun", async () => {
    const job = jobsOn();
    const { runId } = await firstJob(job);
    const client = job();
    await client.withRun({ run_id: runId }, (run) => run.logStep({ loss: 0 }));
    expect(client.local.run(runId)).toMatchObject({ status: "completed" });
    expect(await stepsOf(client, runId)).toContain("train 2");
  });

  it("resumes a run of the Python client", async () => {
    const logDir = temporaryFolder();
    const folder = join(logDir, "generations", "run-1");
    mkdirSync(folder, { recursive: true });
    const document = { id: "run-1", experiment_id: "e-1", status: "running", _created_at: 1, _updated_at: 2 };
    writeFileSync(join(folder, "generation.json"), JSON.stringify(document));
    writeFileSync(join(folder, "metrics.jsonl"), '{"step": 3, "split": "train", "metrics": {"loss": 1.0}}\n');
    const client = jobsOn(logDir)();
    const run = await client.startRun({ run_id: "run-1" });
    await run.logStep({ loss: 0 });
    expect(run.experimentId).toBe("e-1");
    expect(await stepsOf(client, "run-1")).toEqual(["train 3", "train 4"]);
  });
});

describe("duration_seconds", () => {
  it("is the sum over all jobs; a killed job counts up to its last write", async () => {
    const job = jobsOn();
    const { runId } = await firstJob(job);
    await job().updateRun(runId, { duration_seconds: 1000 });
    const client = job();
    const second = await client.startRun({ run_id: runId });
    const afterKill = Number(client.local.run(runId)?.duration_seconds);
    expect(afterKill).toBeGreaterThan(1000);
    expect(afterKill).toBeLessThan(1100);
    await second.fail("stopped");
    const afterSecond = Number(client.local.run(runId)?.duration_seconds);
    expect(afterSecond).toBeGreaterThan(afterKill);
    await (await client.startRun({ run_id: runId })).complete();
    const afterThird = Number(client.local.run(runId)?.duration_seconds);
    expect(afterThird).toBeGreaterThan(afterSecond);
    expect(afterThird).toBeLessThan(1100);
  });
});

describe("a run that was created offline and synced since", () => {
  it("is resumed as the same run by its offline id and by the backend's", async () => {
    const [server, logDir] = [await mockServer(), temporaryFolder()];
    const { runId } = await firstJob(jobsOn(logDir));
    await sync(server, logDir);
    const backendId = String(server.runs[0]?.id);
    expect(backendId).not.toBe(runId);
    const offline = jobsOn(logDir)();
    const byOldId = await offline.startRun({ run_id: runId });
    await byOldId.logStep({ loss: 0 });
    await offline.close();
    const online = jobsOn(logDir, server)();
    const byNewId = await online.startRun({ run_id: backendId });
    expect(byNewId.runId).toBe(runId);
    await byNewId.logStep({ loss: 0 });
    await byNewId.complete();
    await online.close();
    expect(server.runs).toMatchObject([{ id: backendId, status: "completed" }]);
    expect(server.experiments).toMatchObject([{ status: "completed" }]);
    const trained = server.metrics.filter(({ split }) => split === "train");
    expect(trained.map(({ step }) => step).sort()).toEqual([0, 1, 2, 3]);
  });
});

describe("a run that began in another mirror", () => {
  it("requires an explicit first step, and says why", async () => {
    const { runId } = await firstJob(jobsOn());
    const client = jobsOn()();
    const run = await client.startRun({ run_id: runId });
    const error = await failureOf(() => run.logStep({ loss: 1 }));
    expect(String(error)).toContain(`run.logStep: step: required: the run "${runId}" did not begin in the mirror`);
    await run.logStep(10, { loss: 1 });
    await run.logStep({ loss: 1 });
    expect(await failureOf(() => run.logStep({ loss: 1 }, { split: "val" }))).toBeInstanceOf(Error);
    expect(await stepsOf(client, runId)).toEqual(["train 10", "train 11"]);
    // A third job on the second one's mirror does not know the first one's steps either.
    const third = await jobsOn(client.local.root)().startRun({ run_id: runId });
    expect(await failureOf(() => third.logStep({ loss: 1 }))).toBeInstanceOf(Error);
  });

  it("does not complete the experiment or send a duration, and accepts the experiment's id", async () => {
    const server = await mockServer();
    const { runId, experimentId } = await firstJob(jobsOn(undefined, server));
    const run = await clientOf(server).startRun({ run_id: runId });
    const error = await failureOf(() => run.experimentId);
    expect(String(error)).toContain("Give experiment_id beside run_id");
    expect(await failureOf(() => run.setConclusion("better"))).toEqual(error);
    await run.complete();
    expect(server.runs).toMatchObject([{ status: "completed" }]);
    expect(server.runs[0]).not.toHaveProperty("duration_seconds");
    expect(server.experiments).toMatchObject([{ status: "pending" }]);
    const again = await clientOf(server).startRun({
      run_id: runId,
      experiment_id: experimentId,
      trackBest: "accuracy",
    });
    again.setConclusion("better");
    await again.logStep(5, { accuracy: 0.7 });
    await again.complete();
    expect(server.experiments).toMatchObject([{ conclusion: "better", best_score: 0.7 }]);
    expect(server.experiments).toMatchObject([{ status: "pending" }]);
  });

  it("leaves no trace if the backend does not know its id, and says what to do", async () => {
    const server = await mockServer();
    const client = clientOf(server);
    const error = await failureOf(() => client.startRun({ run_id: "nope" }));
    expect(error).toMatchObject({ name: "NotFoundError", pending: false });
    expect(String(error)).toContain("sync that mirror first");
    expect(client.local.runs()).toEqual([]);
    expect(client.status()).toMatchObject({ pending: 0, rejected: 0 });
  });

  it("is marked as running once an unavailable backend recovers", async () => {
    const server = await mockServer();
    const { runId } = await firstJob(jobsOn(undefined, server));
    await clientOf(server).updateRun(runId, { status: "failed" });
    const logDir = temporaryFolder();
    const client = clientOf(server, { logDir, maxRetries: 0 });
    server.failNext({ status: 503, match: "/sdk/runs/" });
    await client.startRun({ run_id: runId });
    expect(client.local.run(runId)).toMatchObject({ status: "running" });
    expect(server.runs).toMatchObject([{ status: "failed" }]);
    await client.flush();
    expect(server.runs).toMatchObject([{ status: "running" }]);
    expect(server.requests.filter(({ repeated }) => repeated)).toEqual([]);
  });
});

it("works in a disabled client, which reads no mirror", async () => {
  const job = jobsOn();
  const { runId } = await firstJob(job);
  const client = job({ disabled: true });
  await (await client.startRun({ run_id: runId })).logStep({ loss: 1 });
  await client.withRun({ run_id: "of-a-test" }, (run) => run.logStep({ loss: 1 }));
  expect(await stepsOf(job(), runId)).toHaveLength(3);
  expect(job().local.run("of-a-test")).toBeUndefined();
});

describe("an option that does not apply to a resumed run", () => {
  it("is rejected by name, with the call that sets it", async () => {
    const job = jobsOn();
    const { runId } = await firstJob(job);
    const client = job();
    const rejected: readonly (readonly [object, string])[] = [
      [{ seed: 1 }, "seed: the run exists already; set it with client.updateRun(run_id, { seed })"],
      [{ run_config: {} }, "client.updateRun(run_id, { run_config })"],
      [
        { plan: "p" },
        "plan: the experiment of the run exists already; set it with client.updateExperiment(experiment_id, { plan })",
      ],
      [{ experiment_name: "n" }, "experiment_name: the experiment of the run exists already"],
      [{ experiment_id: "other" }, `belongs to the experiment`],
      [{ reopens: true }, "did you mean reopen?"],
      [{ reopen: "yes" }, "reopen: expected a boolean"],
      [{ trackBest: 7 }, "trackBest"],
      [{ run_id: "../up" }, "run_id: expected an id"],
      [{ run_id: 7 }, "run_id: expected a string, got 7"],
      [{ run_id: { id: runId } }, "did you mean run.id?"],
    ];
    for (const [more, message] of rejected) {
      expect(String(await failureOf(() => client.startRun(wrong({ run_id: runId, ...more }))))).toContain(message);
    }
    expect(String(await failureOf(() => client.startRun(wrong({ ...OPTIONS, reopen: true }))))).toContain("reopen: ");
    expect(client.local.experiments()).toHaveLength(1);
  });

  it("is ignored if it is null or undefined", async () => {
    const job = jobsOn();
    const { runId } = await firstJob(job);
    const run = await job().startRun(wrong({ run_id: runId, seed: undefined, reopen: null, experiment_id: null }));
    expect(run.runId).toBe(runId);
    expect((await job().startRun({ ...OPTIONS, run_id: undefined, reopen: null })).runId).not.toBe(runId);
  });

  it("does not let a completed run be resumed without `reopen`; failed and cancelled runs need none", async () => {
    const job = jobsOn();
    const { runId } = await firstJob(job);
    const client = job();
    await (await client.startRun({ run_id: runId })).complete();
    const error = await failureOf(() => client.startRun({ run_id: runId }));
    expect(String(error)).toBe(
      `EvsysValidationError: startRun: run_id: the run "${runId}" is completed; give reopen: true to resume it`,
    );
    const run = await client.startRun({ run_id: runId, reopen: true });
    expect(client.local.run(runId)).toMatchObject({ status: "running" });
    await run.cancel();
    await (await client.startRun({ run_id: runId })).fail("no");
    expect((await client.startRun({ run_id: runId })).runId).toBe(runId);
  });

  it("does not let a run of another project be resumed", async () => {
    const job = jobsOn();
    const { runId } = await firstJob(job);
    const client = job({ projectId: "project-2" });
    const error = await failureOf(() => client.startRun({ run_id: runId }));
    expect(String(error)).toContain(`belongs to project "${PROJECT_ID}", and this client writes to "project-2"`);
  });
});
