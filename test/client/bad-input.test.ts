import { describe, expect, it } from "vitest";
import { type DashboardClient, EvsysValidationError } from "../../src/index.js";
import { failureOf, offlineClient, runOnServer, wrong } from "../support/clients.js";
import { mirrored } from "../support/folders.js";

type Call = (client: DashboardClient) => unknown;

const circular: Record<string, unknown> = {};
circular.self = circular;
const prediction = { kind: "eval", instruction: "i", model_output: "o" };
const { model_output: _, ...unsent } = prediction;

/** The field that must be named, what of the given must be shown ("" where nothing was given), the call. */
const bodies: readonly (readonly [field: string, shown: string, call: Call])[] = [
  ["experiment_name", "", (c) => c.createExperiment(wrong({}))],
  ["experiment_name", '""', (c) => c.createExperiment({ experiment_name: "" })],
  ["experiment_name", "7", (c) => c.createExperiment({ experiment_name: wrong(7) })],
  ["tags[1]", "5", (c) => c.createExperiment({ experiment_name: "x", tags: wrong(["a", 5]) })],
  ["tags", '"a"', (c) => c.createExperiment({ experiment_name: "x", tags: wrong("a") })],
  ["config", "[1]", (c) => c.createExperiment({ experiment_name: "x", config: wrong([1]) })],
  ["is_valid", '"yes"', (c) => c.createExperiment({ experiment_name: "x", is_valid: wrong("yes") })],
  ["base_model", "", (c) => c.createExperiment(wrong({ experiment_name: "x", base_model: "m" }))],
  ["status", '"done"', (c) => c.updateExperiment("e", { status: wrong("done") })],
  ["current_iteration", "1.5", (c) => c.updateExperiment("e", { current_iteration: 1.5 })],
  ["experiment_name", "", (c) => c.updateExperiment("e", wrong({ experiment_name: "x" }))],
  ["best_score", '"0.9"', (c) => c.updateExperiment("e", { best_score: wrong("0.9") })],
  ["experiment_id", "", (c) => c.createRun(wrong({}))],
  ["experiment_id", '""', (c) => c.createRun({ experiment_id: "" })],
  ["seed", "1.5", (c) => c.createRun({ experiment_id: "e", seed: 1.5 })],
  ["seed", '"42"', (c) => c.createRun({ experiment_id: "e", seed: wrong("42") })],
  ["status", '"Running"', (c) => c.createRun({ experiment_id: "e", status: wrong("Running") })],
  ["lr", "", (c) => c.createRun(wrong({ experiment_id: "e", lr: 1 }))],
  ["status", "true", (c) => c.updateRun("r", { status: wrong(true) })],
  ["summary", '"good"', (c) => c.updateRun("r", { summary: wrong("good") })],
  ["duration_seconds", '"1 s"', (c) => c.updateRun("r", { duration_seconds: wrong("1 s") })],
  ["step", "1.5", (c) => c.logStepMetric("r", { step: 1.5, loss: 1 })],
  ["step", '"1"', (c) => c.logStepMetric("r", { step: wrong("1"), loss: 1 })],
  ["step", "", (c) => c.logStepMetric("r", wrong({ loss: 1 }))],
  ["lr", "", (c) => c.logStepMetric("r", wrong({ step: 1, loss: 1, lr: 0.1 }))],
  ["split", '"dev"', (c) => c.logStepMetric("r", { step: 1, split: wrong("dev"), loss: 1 })],
  ["metrics.loss", '"0.5"', (c) => c.logStepMetric("r", { step: 1, loss: wrong("0.5") })],
  ["metrics.kl", '"low"', (c) => c.logStepMetric("r", { step: 1, metrics: wrong({ kl: "low" }) })],
  ["metrics.kl", "true", (c) => c.logStepMetric("r", { step: 1, metrics: wrong({ kl: true }) })],
  ["metrics", "", (c) => c.createEval("r", wrong({}))],
  ["metrics.accuracy", '"high"', (c) => c.createEval("r", { metrics: wrong({ accuracy: "high" }) })],
  ["step", "0.5", (c) => c.createEval("r", { metrics: {}, step: 0.5 })],
  ["accuracy", "", (c) => c.createEval("r", wrong({ metrics: {}, accuracy: 1 }))],
  ["uri", "", (c) => c.addCheckpoint("r", wrong({}))],
  ["uri", '""', (c) => c.addCheckpoint("r", { uri: "" })],
  ["is_final", "1", (c) => c.addCheckpoint("r", { uri: "u", is_final: wrong(1) })],
  ["path", "", (c) => c.addCheckpoint("r", wrong({ uri: "u", path: "/x" }))],
  ["predictions[3].model_output", "", (c) => c.logPredictions("r", wrong([...Array(3).fill(prediction), unsent]))],
  ["predictions[0].kind", '"test"', (c) => c.logPredictions("r", wrong([{ ...prediction, kind: "test" }]))],
  [
    "predictions[1].sample_idx",
    "0.5",
    (c) => c.logPredictions("r", wrong([prediction, { ...prediction, sample_idx: 0.5 }])),
  ],
  ["predictions[0].reward", '"1"', (c) => c.logPredictions("r", wrong([{ ...prediction, reward: "1" }]))],
  ["predictions[0].output", "", (c) => c.logPredictions("r", wrong([{ ...prediction, output: "o" }]))],
  ["predictions[1]", '"text"', (c) => c.logPredictions("r", wrong([prediction, "text"]))],
  ["loss", "1 by name and 2", (c) => c.logStepMetric("r", { step: 1, loss: 1, metrics: { loss: 2 } })],
  ["predictions", "5", (c) => c.logPredictions("r", wrong(5))],
];

const unsendable: readonly (readonly [field: string, call: Call])[] = [
  ["config", (c) => c.createExperiment({ experiment_name: "x", config: { a: [1n] } })],
  ["config", (c) => c.createExperiment({ experiment_name: "x", config: circular })],
  ["seed", (c) => c.createRun({ experiment_id: "e", seed: wrong(1n) })],
  ["run_config", (c) => c.createRun({ experiment_id: "e", run_config: circular })],
  ["summary", (c) => c.updateRun("r", { summary: { a: 1n } })],
  ["breakdowns", (c) => c.createEval("r", { metrics: {}, breakdowns: circular })],
  ["metrics", (c) => c.logStepMetric("r", { step: 1, metrics: wrong({ tokens: 10n }) })],
  ["metadata", (c) => c.logPredictions("r", wrong([prediction, { ...prediction, metadata: circular }]))],
];

const emptyPatches: readonly (readonly [string, Call])[] = [
  ["updateExperiment", (c) => c.updateExperiment("e", {})],
  ["updateExperiment", (c) => c.updateExperiment("e", { plan: null, status: undefined })],
  ["updateRun", (c) => c.updateRun("r", {})],
  ["updateRun", (c) => c.updateRun("r", { summary: undefined, gpu: null })],
];

/** An online and an offline client, which reject the same input. */
async function refusal(call: Call): Promise<EvsysValidationError> {
  const { client, requests } = await runOnServer();
  const offline = offlineClient();
  const before = mirrored(client.local.root);
  const errors = [await failureOf(() => call(client)), await failureOf(() => call(offline))];
  for (const error of errors) expect(error).toBeInstanceOf(EvsysValidationError);
  expect(String(errors[1])).toBe(String(errors[0]));
  expect(requests()).toEqual([]);
  expect(mirrored(client.local.root)).toEqual(before);
  expect(offline.local.experiments()).toEqual([]);
  expect(offline.local.runs()).toEqual([]);
  expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
  const [error] = errors;
  if (!(error instanceof EvsysValidationError)) throw error;
  return error;
}

describe("an invalid body", () => {
  it.each(bodies)(
    "is rejected with an error that names the field %s and shows the value %s",
    async (field, shown, call) => {
      const error = await refusal(call);
      const { message, issues } = error;
      expect({ message, issues }).toMatchObject({
        message: expect.stringContaining(`${field}: `),
        issues: [{ field, message: expect.stringContaining(shown) }],
      });
    },
  );

  it("is reported with all its problems", async () => {
    const error = await refusal((c) =>
      c.createRun(wrong({ experiment_id: "e", seed: "x", status: "y", lr: 1, gpu: 2 })),
    );
    expect(error.issues.map(({ field }) => field).sort()).toEqual(["gpu", "lr", "seed", "status"]);
  });

  it("is reported once per mistake", async () => {
    const { issues } = await refusal((c) => c.logStepMetric("r", { step: 2 ** 53, loss: 1 }));
    expect(issues).toHaveLength(1);
  });

  it.each([
    ["3n", 3n],
    ["NaN", Number.NaN],
    ["a Map", new Map([["a", 1]])],
    ["a Set", new Set()],
    ["a Float32Array", new Float32Array(2)],
    ["an Error", new Error("x")],
    ["a Promise (did you forget await?)", Promise.resolve({})],
    ["a function", () => {}],
  ])("is reported with the value as it was passed: %s", async (text, value) => {
    const error = await refusal((c) => c.createRun({ experiment_id: "e", seed: wrong(value) }));
    expect(error.message).toContain(`got ${text}`);
    expect(error.issues.map(({ field }) => field)).toEqual(["seed"]);
  });

  it("has issues with the path of each field", async () => {
    const error = await refusal((c) => c.logPredictions("r", wrong([prediction, unsent])));
    expect(error.issues[0]?.path).toEqual(["predictions", 1, "model_output"]);
  });

  it("is reported with only the beginning of a long value", async () => {
    const error = await refusal((c) => c.createRun({ experiment_id: "e", seed: wrong("x".repeat(10_000)) }));
    expect(error.message).toContain("xxxxx");
    expect(error.message.length).toBeLessThan(500);
  });
});

it.each(unsendable)("a value that JSON cannot represent is rejected by the field %s", async (field, call) => {
  expect((await refusal(call)).message).toContain(field);
});

it.each(emptyPatches)("%s rejects an empty patch", async (method, call) => {
  const error = await refusal(call);
  expect(error.message).toMatch(new RegExp(`${method}.*at least one field`));
});

describe.each([
  ["createExperiment", (body: unknown) => (c: DashboardClient) => c.createExperiment(wrong(body))],
  ["updateExperiment", (body: unknown) => (c: DashboardClient) => c.updateExperiment("e", wrong(body))],
  ["createRun", (body: unknown) => (c: DashboardClient) => c.createRun(wrong(body))],
  ["updateRun", (body: unknown) => (c: DashboardClient) => c.updateRun("r", wrong(body))],
  ["logStepMetric", (body: unknown) => (c: DashboardClient) => c.logStepMetric("r", wrong(body))],
  ["createEval", (body: unknown) => (c: DashboardClient) => c.createEval("r", wrong(body))],
  ["addCheckpoint", (body: unknown) => (c: DashboardClient) => c.addCheckpoint("r", wrong(body))],
  ["logPredictions", (body: unknown) => (c: DashboardClient) => c.logPredictions("r", wrong(body))],
])("%s with something other than a body", (_name, callWith) => {
  it.each([undefined, null, "text", 42, true, ["a"]])("rejects %j", async (body) => {
    await refusal(callWith(body));
  });
});
