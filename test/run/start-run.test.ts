import { describe, expect, it } from "vitest";
import { EvsysValidationError, type ExperimentRun } from "../../src/index.js";
import { clientOf, failureOf, mockServer, offlineClient, runOnServer, wrong } from "../support/clients.js";
import { EVAL } from "../support/writes.js";

const OPTIONS = { experiment_name: "iris", seed: 42 } as const;

async function started(options: object = {}) {
  const server = await mockServer();
  const client = clientOf(server);
  return { server, client, run: await client.startRun({ ...OPTIONS, ...options }) };
}

describe("startRun", () => {
  it("starts a run; complete() completes it, then its experiment", async () => {
    const { server, client, run } = await started();
    expect(server.runs).toMatchObject([{ id: run.runId, seed: 42, status: "running" }]);
    expect(server.experiments).toMatchObject([{ id: run.experimentId, experiment_name: "iris" }]);
    await run.logStep(1, { loss: 1 });
    run.setBestScore(0.5);
    await run.complete();
    expect(server.runs).toMatchObject([{ status: "completed", summary: { best_score: 0.5 } }]);
    expect(server.experiments).toMatchObject([{ status: "completed", best_score: 0.5 }]);
    expect(server.requests.slice(-2).map(({ path }) => path)).toEqual([
      `/sdk/runs/${run.runId}/`,
      `/sdk/experiments/${run.experimentId}/`,
    ]);
    expect(client.status().pending).toBe(0);
  });

  it("marks a run that is disposed of without complete() as failed, with a reason", async () => {
    const server = await mockServer();
    const client = clientOf(server);
    const thrown = new Error("on the way");
    const error = await failureOf(async () => {
      await using run = await client.startRun(OPTIONS);
      await run.logStep({ loss: 1 });
      throw thrown;
    });
    expect(error).toBe(thrown);
    const expected = { status: "failed", error_message: expect.stringContaining("without complete()") };
    expect(server.runs).toMatchObject([expected]);
    expect(server.experiments).toMatchObject([expected]);
  });

  it("does not change an ended run when it is disposed of", async () => {
    const server = await mockServer();
    await (async () => {
      await using run = await clientOf(server).startRun(OPTIONS);
      await run.complete();
    })();
    expect(server.runs).toMatchObject([{ status: "completed" }]);
    expect(server.runs[0]).not.toHaveProperty("error_message");
    expect(server.requests).toHaveLength(4);
  });

  const endings: readonly (readonly [string, (run: ExperimentRun) => Promise<void>, object])[] = [
    ["complete", (run) => run.complete(), { status: "completed" }],
    ["fail", (run) => run.fail(new TypeError("no")), { status: "failed", error_message: "TypeError: no" }],
    ["cancel", (run) => run.cancel("enough"), { status: "cancelled", error_message: "enough" }],
  ];

  it.each(endings)(
    "%s() ends the run with its duration, and later endings have no effect",
    async (_, end, expected) => {
      const { server, run } = await started();
      await end(run);
      expect(server.runs).toMatchObject([{ ...expected, duration_seconds: expect.any(Number) }]);
      expect(server.runs[0]?.duration_seconds).toBeGreaterThan(0);
      expect(server.experiments).toMatchObject([expected]);
      for (const [, again] of endings) await again(run);
      expect(server.requests).toHaveLength(4);
    },
  );

  it("updates the experiment even if the run's update is rejected, and throws that error", async () => {
    const { server, run } = await started();
    server.failNext({ status: 422, body: "no", match: `/sdk/runs/${run.runId}/` });
    expect(await failureOf(() => run.complete())).toMatchObject({ name: "UnprocessableEntityError" });
    expect(server.experiments).toMatchObject([{ status: "completed" }]);
    await run[Symbol.asyncDispose]();
    expect(server.requests).toHaveLength(4);
  });

  it("rejects invalid options", async () => {
    const server = await mockServer();
    for (const options of [undefined, null, [], 7, { seed: 1 }]) {
      expect(await failureOf(() => clientOf(server).startRun(wrong(options)))).toBeInstanceOf(EvsysValidationError);
    }
    expect(server.requests).toEqual([]);
  });

  it("keeps a summary that was set, beside the best score", async () => {
    const { server, run } = await started();
    await run.updateRun({ summary: { tokens: 7, best_score: 0 } });
    run.setBestScore(0.5);
    await run.complete();
    expect(server.runs).toMatchObject([{ summary: { tokens: 7, best_score: 0.5 } }]);
  });
});

describe("logStep without a step", () => {
  it("uses the step after the highest of the split, from 0", async () => {
    const { server, run } = await started();
    await run.logStep({ loss: 5 });
    await run.logStep({ loss: 4 });
    await run.logStep({ loss: 3 }, { split: "val" });
    await run.logStep(10, { loss: 2 });
    await run.logStep(7, { loss: 2 });
    await failureOf(() => run.logStep(20.5, { loss: 2 }));
    await run.logStep({ loss: 1 });
    await run.logStep({ loss: 1 }, { split: "val" });
    expect(server.metrics.map(({ step, split }) => [split, step])).toEqual([
      ["train", 0],
      ["train", 1],
      ["val", 0],
      ["train", 10],
      ["train", 7],
      ["train", 11],
      ["val", 1],
    ]);
  });

  it("gives each of several unawaited calls its own step", async () => {
    const { server, run } = await started();
    await Promise.all(Array.from({ length: 20 }, () => run.logStep({ loss: 1 })));
    expect(server.metrics.map(({ step }) => step).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => i),
    );
  });
});

describe("trackBest", () => {
  it("uses the highest finite value of the series, in any split and in evals", async () => {
    const { server, run } = await started({ trackBest: "accuracy" });
    await run.logStep({ accuracy: 0.5, loss: 9 });
    await run.logStep({ accuracy: 0.7 }, { split: "val" });
    await run.logStep({ accuracy: Number.POSITIVE_INFINITY, loss: 1 });
    await run.logEval({ ...EVAL, metrics: { accuracy: 0.8 } });
    await run.logStep({ accuracy: 0.6 });
    await run.complete();
    expect(server.runs).toMatchObject([{ summary: { best_score: 0.8 } }]);
    expect(server.experiments).toMatchObject([{ best_score: 0.8 }]);
  });

  it("uses the lowest value if that is the best, also 0", async () => {
    const { server, run } = await started({ trackBest: { metric: "val_loss", mode: "min" } });
    for (const val_loss of [0.5, 0, 0.25, Number.NaN]) await run.logStep({ val_loss, loss: -1 });
    await run.fail("stopped early");
    expect(server.runs).toMatchObject([{ status: "failed", summary: { best_score: 0 } }]);
    expect(server.experiments).toMatchObject([{ best_score: 0 }]);
  });

  it("yields to a score that was set, and sets none if the series was not logged", async () => {
    const { server, client, run } = await started({ trackBest: "accuracy" });
    await run.logStep({ accuracy: 0.9 });
    run.setBestScore(0.1);
    await run.complete();
    expect(server.runs).toMatchObject([{ summary: { best_score: 0.1 } }]);
    await client.withRun({ ...OPTIONS, trackBest: { metric: "accuracy" } }, (other) => other.logStep({ loss: 1 }));
    expect(server.runs[1]).not.toHaveProperty("summary");
  });
});

describe("a run or a row passed instead of an id", () => {
  it("is rejected with the id that was meant", async () => {
    const { client } = await runOnServer();
    const run = await client.startRun(OPTIONS);
    const row = await client.createRun({ experiment_id: run.experimentId });
    const mistakes: readonly (readonly [string, () => unknown])[] = [
      ["run.id?", () => client.logStepMetric(wrong(row), { step: 1, loss: 1 })],
      ["run.runId?", () => client.updateRun(wrong(run), { status: "failed" })],
      ["run.experimentId?", () => client.updateExperiment(wrong(run), { plan: "p" })],
    ];
    for (const [meant, call] of mistakes) expect(String(await failureOf(call))).toContain(`did you mean ${meant}`);
    expect(String(await failureOf(() => client.updateRun(wrong({}), { note: 1 })))).not.toContain("did you mean");
  });
});

it("works offline, only in the mirror", async () => {
  const client = offlineClient();
  const run = await client.startRun({ ...OPTIONS, trackBest: "accuracy" });
  await run.logStep({ accuracy: 0.5 });
  await run.cancel();
  expect(client.local.runs()).toMatchObject([{ status: "cancelled", summary: { best_score: 0.5 } }]);
  expect(client.local.experiments()).toMatchObject([{ status: "cancelled", best_score: 0.5 }]);
});
