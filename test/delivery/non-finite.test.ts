import { describe, expect, it } from "vitest";
import { collected, offlineClient, runOnServer } from "../support/clients.js";
import { recordingLogger } from "../support/loggers.js";

const { NaN: NAN, POSITIVE_INFINITY: PLUS, NEGATIVE_INFINITY: MINUS } = Number;

describe("non-finite series of a step", () => {
  it("stay in the mirror, and the finite ones are sent", async () => {
    const { client, server, runId } = await runOnServer();
    await client.logStepMetric(runId, { step: 1, loss: NAN, accuracy: 0.5, metrics: { kl: PLUS, gap: MINUS, ok: 0 } });
    expect(server.metrics).toEqual([{ run_id: runId, step: 1, split: "train", metrics: { accuracy: 0.5, ok: 0 } }]);
    const metrics = { loss: NAN, accuracy: 0.5, kl: PLUS, gap: MINUS, ok: 0 };
    expect(await collected(client.local.metrics(runId))).toEqual([{ step: 1, split: "train", metrics }]);
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
  });

  it("are counted as skipped if no finite series is left to send", async () => {
    const { client, server, runId, requests } = await runOnServer();
    expect(await client.logStepMetric(runId, { step: 1, loss: NAN })).toEqual({ ok: true });
    await client.logStepMetric(runId, { step: 2, loss: 2 });
    expect(requests()).toHaveLength(1);
    expect(server.metrics.map(({ step }) => step)).toEqual([2]);
    expect(await collected(client.local.metrics(runId))).toHaveLength(2);
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
    const report = await client.close();
    expect(report).toMatchObject({ pending: 0, rejected: 0, skipped: 1 });
    expect(report.byKind.metrics).toMatchObject({ delivered: 1, pending: 0, rejected: 0, skipped: 1 });
  });

  it("are omitted from an eval's metrics too", async () => {
    const { client, server, runId } = await runOnServer();
    await client.createEval(runId, { metrics: { accuracy: NAN, f1: 0.5 } });
    expect(server.evals).toMatchObject([{ metrics: { f1: 0.5 } }]);
    expect(await collected(client.local.evals(runId))).toMatchObject([{ metrics: { accuracy: NAN, f1: 0.5 } }]);
  });

  it("cause one warning per series, by name", async () => {
    const logger = recordingLogger();
    const { client, runId } = await runOnServer({ logger });
    for (let step = 0; step < 50; step += 1) {
      await client.logStepMetric(runId, { step, loss: NAN, accuracy: step < 25 ? 1 : PLUS, metrics: { fine: 1 } });
    }
    const warnings = logger.of("warn");
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/\bloss\b.*NaN/);
    expect(warnings[1]).toMatch(/\baccuracy\b.*Infinity/);
  });
});

it("the number of warnings is bounded, however many series are not finite", async () => {
  const logger = recordingLogger();
  const client = offlineClient({ logger, logLevel: "INFO" });
  for (let step = 0; step < 2_000; step += 1) {
    await client.logStepMetric("r", { step, metrics: { [`series-${step}`]: NAN, [`other-${step}`]: PLUS } });
  }
  const warnings = logger.of("warn");
  expect(warnings).toHaveLength(11);
  expect(warnings[9]).toContain('"other-4" is Infinity');
  expect(warnings[10]).toContain("More than 10 fields are not finite");
  await client.close();
  expect(logger.of("info").join()).toContain("further fields (3990)");
});

it("a warning is one line, whatever the name of the series", async () => {
  const logger = recordingLogger();
  await offlineClient({ logger }).logStepMetric("r", { step: 1, metrics: { [`a\nb${"x".repeat(10_000)}`]: NAN } });
  expect(logger.of("warn")).toHaveLength(1);
  expect(logger.of("warn")[0]).not.toContain("\n");
  expect(logger.of("warn")[0]?.length).toBeLessThan(500);
});

describe("a non-finite number in another field", () => {
  it("is sent as null, stored unchanged, and causes a warning", async () => {
    const logger = recordingLogger();
    const { client, server, experimentId, runId } = await runOnServer({ logger });
    await client.updateExperiment(experimentId, { best_score: NAN });
    await client.updateRun(runId, { duration_seconds: PLUS, summary: { best: NAN, list: [1, MINUS] }, other: NAN });
    await client.createRun({ experiment_id: experimentId, run_config: { clip: PLUS } });
    await client.logPredictions(runId, [
      { kind: "rollout", instruction: "i", model_output: "o", reward: NAN, advantage: PLUS, metadata: { p: MINUS } },
    ]);
    expect(server.experiments[0]).toMatchObject({ best_score: null });
    expect(server.runs[0]).toMatchObject({
      duration_seconds: null,
      summary: { best: null, list: [1, null] },
      other: null,
    });
    expect(server.runs[1]).toMatchObject({ run_config: { clip: null } });
    expect(server.predictions).toMatchObject([{ reward: null, advantage: null, metadata: { p: null } }]);
    expect(client.local.experiment(experimentId)).toMatchObject({ best_score: NAN });
    expect(client.local.run(runId)).toMatchObject({ duration_seconds: PLUS, summary: { best: NAN, list: [1, MINUS] } });
    const [prediction] = await collected(client.local.predictions(runId));
    expect(prediction).toMatchObject({ reward: NAN, advantage: PLUS, metadata: { p: MINUS } });
    const warnings = logger.of("warn").join("\n");
    for (const field of ["best_score", "duration_seconds", "reward", "advantage"]) expect(warnings).toContain(field);
  });

  it("is rejected if the schema requires an integer", async () => {
    const client = offlineClient();
    await expect(client.logStepMetric("r", { step: NAN, loss: 1 })).rejects.toMatchObject({
      name: "EvsysValidationError",
      issues: [{ field: "step" }],
    });
    await expect(client.createRun({ experiment_id: "e", seed: PLUS })).rejects.toMatchObject({
      name: "EvsysValidationError",
      issues: [{ field: "seed" }],
    });
    expect(client.local.runs()).toEqual([]);
  });
});

it("text that is spelled like a non-finite number stays text", async () => {
  const { client, server, experimentId, runId } = await runOnServer();
  await client.updateExperiment(experimentId, { plan: "NaN", conclusion: "Infinity" });
  await client.updateRun(runId, { note: "-Infinity", NaN: "key" });
  await client.logPredictions(runId, [{ kind: "eval", instruction: "NaN", model_output: "Infinity", expected: "NaN" }]);
  expect(server.experiments[0]).toMatchObject({ plan: "NaN", conclusion: "Infinity" });
  expect(client.local.experiment(experimentId)).toMatchObject({ plan: "NaN", conclusion: "Infinity" });
  expect(client.local.run(runId)).toMatchObject({ note: "-Infinity", NaN: "key" });
  expect(await collected(client.local.predictions(runId))).toMatchObject([
    { instruction: "NaN", model_output: "Infinity", expected: "NaN" },
  ]);
  expect(server.predictions).toMatchObject([{ instruction: "NaN", model_output: "Infinity", expected: "NaN" }]);
});
