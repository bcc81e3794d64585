import { describe, expect, it } from "vitest";
import { EvsysError, EvsysValidationError, type ExperimentRun, type RunBehaviour } from "../../src/index.js";
import { clientOf, failureOf, mockServer, offlineClient, runOnServer, wrong } from "../support/clients.js";
import { until } from "../support/until.js";
import { nodeWarnings } from "../support/warnings.js";
import { EVAL, PREDICTION } from "../support/writes.js";

const OPTIONS = { experiment_name: "iris" } as const;

const calls: readonly (readonly [string, (run: ExperimentRun) => unknown])[] = [
  ["logStep", (run) => run.logStep({ loss: 1 })],
  ["logEval", (run) => run.logEval(EVAL)],
  ["addCheckpoint", (run) => run.addCheckpoint({ uri: "u" })],
  ["logPredictions", (run) => run.logPredictions([PREDICTION])],
  ["updateRun", (run) => run.updateRun({ gpu: "H100" })],
  ["updateExperiment", (run) => run.updateExperiment({ plan: "p" })],
  ["setBestScore", (run) => run.setBestScore(1)],
  ["setConclusion", (run) => run.setConclusion("c")],
];

const endings: readonly (readonly [string, (run: ExperimentRun) => Promise<void>])[] = [
  ["completed", (run) => run.complete()],
  ["cancelled (enough)", (run) => run.cancel("enough")],
  ["failed (TypeError: no)", (run) => run.fail(new TypeError("no"))],
];

describe.each(endings)("an ended run: %s", (how, end) => {
  it.each(calls)("rejects %s, and says how it ended", async (method, call) => {
    const server = await mockServer();
    const run = await clientOf(server).startRun(OPTIONS);
    const ended = end(run);
    const error = await failureOf(() => call(run));
    await ended;
    expect(error).toBeInstanceOf(EvsysError);
    expect(String(error)).toContain(`run.${method}: the run has ended: ${how}.`);
    const sent = server.requests.length;
    expect(await failureOf(() => call(run))).toMatchObject({ message: Object(error).message });
    expect(server.requests).toHaveLength(sent);
  });
});

it("calls in flight are delivered before the run is marked as ended", async () => {
  const server = await mockServer();
  const run = await clientOf(server).startRun(OPTIONS);
  const underWay = [run.logStep({ loss: 1 }), run.logEval(EVAL), run.logPredictions([PREDICTION])];
  await run.complete();
  await Promise.all(underWay);
  const paths = server.requests.slice(2).map(({ path }) => path.split("/")[4] ?? "");
  expect(paths.slice(0, 3).sort()).toEqual(["evals", "metrics", "predictions"]);
  expect(paths.slice(3)).toEqual(["", ""]);
});

describe("the AbortSignal of a run", () => {
  it("cancels the run with its reason, and later calls throw the reason as their cause", async () => {
    const server = await mockServer();
    const abort = new AbortController();
    const reason = new RangeError("out of budget");
    const error = await failureOf(() =>
      clientOf(server).withRun({ ...OPTIONS, signal: abort.signal }, async (run) => {
        await run.logStep({ loss: 1 });
        abort.abort(reason);
        await run.logStep({ loss: 2 });
      }),
    );
    expect(error).toMatchObject({ name: "EvsysError", cause: reason });
    expect(String(error)).toContain("cancelled (RangeError: out of budget)");
    expect(server.runs).toMatchObject([{ status: "cancelled", error_message: "RangeError: out of budget" }]);
    expect(server.experiments).toMatchObject([{ status: "cancelled", error_message: "RangeError: out of budget" }]);
    expect(server.metrics).toHaveLength(1);
  });

  it("prevents the run from being created if it is already aborted", async () => {
    const server = await mockServer();
    const client = clientOf(server);
    const signal = AbortSignal.abort(new RangeError("too late"));
    for (const start of [
      () => client.startRun({ ...OPTIONS, signal }),
      () => client.withRun({ ...OPTIONS, signal }, () => {}),
    ]) {
      expect(await failureOf(start)).toBe(signal.reason);
    }
    expect(server.requests).toEqual([]);
  });

  it("cancels the run if it aborts while the run is created", async () => {
    const server = await mockServer();
    const abort = new AbortController();
    server.failNext({ status: 503, match: "/sdk/runs/", times: 1 });
    const starting = failureOf(() => clientOf(server).startRun({ ...OPTIONS, signal: abort.signal }));
    await until(() => server.experiments.length === 1);
    abort.abort(new RangeError("changed my mind"));
    expect(await starting).toBe(abort.signal.reason);
    const cancelled = { status: "cancelled", error_message: "RangeError: changed my mind" };
    expect(server.runs).toMatchObject([cancelled]);
    expect(server.experiments).toMatchObject([cancelled]);
  });

  it("cancels any number of runs that share it, without a warning of Node", async () => {
    const warnings = nodeWarnings();
    const server = await mockServer();
    const client = clientOf(server);
    const abort = new AbortController();
    const names = Array.from({ length: 12 }, (_, n) => `sweep ${n}`);
    await Promise.all(names.map((experiment_name) => client.startRun({ experiment_name, signal: abort.signal })));
    abort.abort();
    await until(() => server.runs.every(({ status }) => status === "cancelled"));
    expect(server.runs).toHaveLength(12);
    expect(warnings).toEqual([]);
  });

  it("has no effect after the run has ended", async () => {
    const server = await mockServer();
    const abort = new AbortController();
    const run = await clientOf(server).startRun({ ...OPTIONS, signal: abort.signal });
    await run.complete();
    const sent = server.requests.length;
    abort.abort();
    await run.cancel();
    expect(server.requests).toHaveLength(sent);
    expect(server.runs).toMatchObject([{ status: "completed" }]);
  });
});

describe("a rejected value leaves no trace", () => {
  const rejected: readonly (readonly [string, (run: ExperimentRun) => unknown])[] = [
    ["a step", (run) => run.logStep(wrong({ accuracy: 99, bad: "x" }))],
    ["a step with invalid options", (run) => run.logStep({ accuracy: 99 }, wrong({ timeoutMs: -1 }))],
    ["a named step", (run) => run.logStep(50, wrong({ accuracy: 99, bad: "x" }))],
    ["an eval", (run) => run.logEval(wrong({ metrics: { accuracy: 99, bad: "x" } }))],
    ["an eval with an unknown field", (run) => run.logEval(wrong({ metrics: { accuracy: 99 }, lr: 1 }))],
    ["a summary", (run) => run.updateRun(wrong({ summary: { best: 1, size: 1n } }))],
    ["a summary beside an invalid field", (run) => run.updateRun(wrong({ summary: { best: 1 }, status: "done" }))],
    ["a score", (run) => run.setBestScore(wrong("99"))],
    ["a score with an unknown mode", (run) => run.setBestScore(99, wrong({ mode: "highest" }))],
    ["a conclusion", (run) => run.setConclusion(wrong(7))],
    ["an ending", (run) => run.cancel(wrong({ reason: "x" }))],
    ["an ending with invalid options", (run) => run.complete(wrong({ timeout: 1 }))],
  ];

  it.each(rejected)("%s", async (_, call) => {
    const client = offlineClient();
    const run = await client.startRun({ ...OPTIONS, trackBest: "accuracy" });
    await run.logStep({ accuracy: 0.5 });
    expect(await failureOf(() => call(run))).toBeInstanceOf(EvsysValidationError);
    const steps: number[] = [];
    await run.logStep({ accuracy: 0.4 });
    for await (const { step } of client.local.metrics(run.runId)) steps.push(step);
    expect(steps).toEqual([0, 1]);
    await run.complete();
    const [stored] = client.local.runs();
    expect(stored).toMatchObject({ status: "completed", summary: { best_score: 0.5 } });
    expect(stored?.summary).toEqual({ best_score: 0.5 });
    expect(client.local.experiments()[0]).not.toHaveProperty("conclusion");
  });

  it("a summary is stored as it was when passed", async () => {
    const client = offlineClient();
    const run = await client.startRun(OPTIONS);
    const summary = { tokens: 7 };
    await run.updateRun({ summary });
    summary.tokens = 8;
    run.setBestScore(0.5);
    await run.complete();
    expect(client.local.runs()).toMatchObject([{ summary: { tokens: 7, best_score: 0.5 } }]);
  });
});

describe("an experiment with several runs", () => {
  type Train = (run: ExperimentRun, score: number) => unknown;
  const sets: Train = (run, score) => run.setBestScore(score);
  const setsLowest: Train = (run, score) => run.setBestScore(score, { mode: "min" });
  const logs: Train = (run, accuracy) => run.logStep({ accuracy });
  const modes: readonly (readonly [string, RunBehaviour, Train, number, number])[] = [
    ["setBestScore", {}, sets, 0.9, 0.5],
    ["setBestScore with mode min", {}, setsLowest, 0.5, 0.9],
    ["trackBest", { trackBest: "accuracy" }, logs, 0.9, 0.5],
    ["trackBest with mode min", { trackBest: { metric: "accuracy", mode: "min" } }, logs, 0.5, 0.9],
    ["setBestScore over trackBest with mode min", { trackBest: { metric: "loss", mode: "min" } }, sets, 0.5, 0.9],
  ];

  it.each(modes)("gets the best of their scores: %s", async (_, options, train, best) => {
    const { server, client, experimentId } = await runOnServer();
    for (const score of [0.7, 0.5, 0.9, 0.7]) {
      await client.withRun({ ...options, experiment_id: experimentId }, (run) => void train(run, score));
    }
    expect(server.experiments).toMatchObject([{ best_score: best, status: "pending" }]);
    expect(client.local.experiment(experimentId)).toMatchObject({ best_score: best });
  });

  it.each(modes)("gets the best of two scores that are sent at once: %s", async (_, options, train, best, worse) => {
    const { server, client } = await runOnServer();
    for (const each of [client, offlineClient()]) {
      for (const scores of [
        [best, worse],
        [worse, best],
      ]) {
        const { id } = await each.createExperiment(OPTIONS);
        const runs = await Promise.all(scores.map(() => each.startRun({ ...options, experiment_id: id })));
        for (const [at, run] of runs.entries()) await train(run, scores[at] ?? 0);
        await Promise.all(runs.map((run) => run.complete()));
        expect(each.local.experiment(id)).toMatchObject({ best_score: best });
        if (each === client) expect(server.experiments.at(-1)).toMatchObject({ id, best_score: best });
      }
    }
  });
});
