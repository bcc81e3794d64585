import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type MockServer, startMockServer } from "../../src/testing/index.js";
import { API_KEY, clientOf, failureOf } from "../support/clients.js";
import { PREFIX, type Prism, startPrism } from "../support/prism.js";
import { FULL_WRITES } from "../support/writes.js";

let server: MockServer;
let prism: Prism;

// Prism compiles the document: this takes seconds, and longer on a busy machine.
beforeAll(async () => {
  server = await startMockServer({ apiKey: API_KEY });
  prism = await startPrism(server.url);
}, 60_000);
afterAll(async () => {
  await prism?.stop();
  await server?.stop();
});
beforeEach(() => {
  prism.validated.length = 0;
  server.reset();
});

/** A client that writes through Prism, and a run to write to. */
async function runBehindPrism() {
  const client = clientOf(prism);
  const experiment = await client.createExperiment({ experiment_name: "iris" });
  const run = await client.createRun({ experiment_id: experiment.id });
  prism.validated.length = 0;
  return { client, ids: { experimentId: experiment.id, runId: run.id } };
}

/** Posts as any program would, through Prism. */
function post(path: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const all = { authorization: `Bearer ${API_KEY}`, "content-type": "application/json", ...headers };
  return fetch(`${prism.url}${PREFIX}${path}`, { method: "POST", headers: all, body: JSON.stringify(body) });
}

describe("Prism between the client and the mock server", () => {
  it.each(FULL_WRITES)(
    "reports no violation for $method with every field, nor for its response",
    async ({ call, path, body }) => {
      const { client, ids } = await runBehindPrism();
      await call(client, ids);
      expect(prism.validated).toMatchObject([{ path: path(ids), violations: null }]);
      expect(server.requests.at(-1)).toMatchObject({
        path: path(ids),
        body: body(ids),
        committed: true,
        status: prism.validated[0]?.status,
        idempotencyKey: expect.any(String),
      });
      expect(await client.close()).toMatchObject({ pending: 0, rejected: 0, skipped: 0 });
    },
  );

  it("reports no violation for a run of withRun, and everything arrives", async () => {
    const client = clientOf(prism);
    await client.withRun({ experiment_name: "x", seed: 1 }, async (run) => {
      for (let step = 0; step < 20; step += 1) await run.logStep(step, { loss: 1 / step });
      await run.logPredictions([{ kind: "rollout", instruction: "i", model_output: "o", reward: Number.NaN }]);
      run.setBestScore(0.5);
    });
    expect(prism.validated.filter(({ status, violations }) => status >= 300 || violations !== null)).toEqual([]);
    expect(server.metrics).toHaveLength(19);
    expect(server.predictions).toMatchObject([{ reward: null }]);
    expect(server.runs).toMatchObject([{ status: "completed", summary: { best_score: 0.5 } }]);
  });

  it("reports no violation for the mock server's error responses", async () => {
    const client = clientOf(prism);
    const error = await failureOf(() => client.createRun({ experiment_id: "nowhere" }));
    expect(error).toMatchObject({ name: "NotFoundError", status: 404 });
    const wrongKey = clientOf(prism, { apiKey: "another" });
    expect(await failureOf(() => wrongKey.createExperiment({ experiment_name: "x" }))).toMatchObject({ status: 401 });
    server.failNext({ status: 503 });
    expect((await post("/sdk/experiments/", { experiment_name: "x" })).status).toBe(503);
    expect(prism.validated.map(({ status, violations }) => ({ status, violations }))).toEqual([
      { status: 404, violations: null },
      { status: 401, violations: null },
      { status: 503, violations: null },
    ]);
  });
});

describe("Prism detects", () => {
  it("a request with an unknown field", async () => {
    const response = await post("/sdk/experiments/", { experiment_name: "x", base_model: "m" });
    expect(response.status).toBe(422);
    expect(prism.validated[0]?.responseText).toContain("base_model");
    expect(server.requests).toEqual([]);
  });

  it("a path without its trailing slash", async () => {
    expect((await post("/sdk/experiments", { experiment_name: "x" })).status).toBe(404);
    expect(server.requests).toEqual([]);
  });

  const invalidResponses: readonly (readonly [string, { status: number; body: object | string }, RegExp])[] = [
    ["lacks what the document promises", { status: 201, body: { experiment: {} } }, /required property 'id'/],
    ["has another type", { status: 201, body: { experiment: { id: 7 } } }, /must be string/],
    ["is no JSON", { status: 201, body: "<html></html>" }, /Response body must be object/],
    [
      "has a status that the document does not know",
      { status: 202, body: { experiment: { id: "e" } } },
      /Unable to match the returned status code/,
    ],
  ];

  it.each(invalidResponses)("a response that %s", async (_, failure, violation) => {
    server.failNext(failure);
    const response = await post("/sdk/experiments/", { experiment_name: "x" });
    expect(server.requests).toHaveLength(1);
    expect(response.status).toBe(500);
    expect(prism.validated[0]?.responseText).toMatch(violation);
  });
});
