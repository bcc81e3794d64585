import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { clientOf } from "../support/clients.js";
import { OPERATIONS, resolved, type Schema } from "../support/document.js";
import { PREFIX, type Prism, startPrism } from "../support/prism.js";
import { FULL_WRITES, PREDICTION } from "../support/writes.js";

let prism: Prism;

// Prism compiles the document: this takes seconds, and longer on a busy machine.
beforeAll(async () => {
  prism = await startPrism();
}, 60_000);
afterAll(() => prism?.stop());
beforeEach(() => {
  prism.validated.length = 0;
});

describe("Prism", () => {
  const ids = { experimentId: "0b7f3a52-8f0d-4b5e-9d7c-2f6a1c4e8d90", runId: "5c1f2d7a-1b1e-4a55-8a3c-9d5a6b7c8d01" };

  it("is tested with every field of every route", () => {
    const fields = (schema: Schema) => Object.keys(resolved(schema).properties ?? {});
    for (const { name, request } of OPERATIONS) {
      const { body } = FULL_WRITES.find(({ method }) => method === name) ?? expect.unreachable();
      expect(Object.keys(body(ids)), name).toEqual(expect.arrayContaining(fields(request)));
    }
    expect(Object.keys(PREDICTION).sort()).toEqual(fields({ $ref: "#/components/schemas/Prediction" }).sort());
  });

  it.each(FULL_WRITES)("accepts $method with every optional field", async ({ call, path }) => {
    const client = clientOf(prism);
    await call(client, ids);
    expect(prism.validated).toEqual([
      { path: path(ids), status: expect.any(Number), violations: null, responseText: expect.any(String) },
    ]);
    expect(Math.floor((prism.validated[0]?.status ?? 0) / 100), prism.validated[0]?.responseText).toBe(2);
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
    expect(await client.close()).toMatchObject({ pending: 0, rejected: 0, skipped: 0 });
  });

  it("accepts all eight methods in a row, with the ids of its responses", async () => {
    const client = clientOf(prism);
    const experiment = await client.createExperiment({ experiment_name: "x" });
    const run = await client.createRun({ experiment_id: experiment.id });
    for (const { call } of FULL_WRITES) await call(client, { experimentId: experiment.id, runId: run.id });
    expect(prism.validated.filter(({ status, violations }) => status >= 300 || violations !== null)).toEqual([]);
    expect(prism.validated).toHaveLength(10);
    expect(await client.flush()).toMatchObject({ delivered: 11, pending: 0, rejected: 0, skipped: 0 });
  });

  it("accepts a run of withRun", async () => {
    const client = clientOf(prism);
    await client.withRun({ experiment_name: "x", seed: 1 }, async (run) => {
      await run.logStep(1, { loss: 0.5, bad: Number.NaN });
      await run.logPredictions([{ kind: "rollout", instruction: "i", model_output: "o", reward: Number.NaN }]);
      run.setBestScore(1);
      run.setConclusion("c");
    });
    expect(prism.validated.map(({ status }) => Math.floor(status / 100))).toEqual([2, 2, 2, 2, 2, 2]);
    expect(prism.validated.every(({ violations }) => violations === null)).toBe(true);
  });

  const wrong: readonly (readonly [string, string, object, Record<string, string>])[] = [
    ["an unknown field", "/sdk/experiments/", { experiment_name: "x", base_model: "m" }, {}],
    ["a missing field", "/sdk/runs/", { seed: 1 }, {}],
    ["a wrong type", "/sdk/runs/r/metrics/", { step: "1", split: "train", metrics: {} }, {}],
    ["a wrong status", "/sdk/runs/r/", { status: "done" }, {}],
    ["an empty patch", "/sdk/experiments/e/", {}, {}],
    ["an unknown route", "/sdk/experiments", { experiment_name: "x" }, {}],
    ["a missing key", "/sdk/experiments/", { experiment_name: "x" }, { authorization: "" }],
    [
      "an endless Idempotency-Key",
      "/sdk/experiments/",
      { experiment_name: "x" },
      { "idempotency-key": "k".repeat(300) },
    ],
  ];

  it.each(wrong)("detects violations: it rejects %s", async (_name, path, body, headers) => {
    const all = { authorization: "Bearer k", "content-type": "application/json", ...headers };
    const kept = Object.fromEntries(
      Object.entries(all).filter(([name, value]) => value !== "" || name !== "authorization"),
    );
    await fetch(`${prism.url}${PREFIX}${path}`, { method: "POST", headers: kept, body: JSON.stringify(body) });
    expect(Math.floor((prism.validated[0]?.status ?? 0) / 100), prism.validated[0]?.responseText).toBe(4);
  });
});
