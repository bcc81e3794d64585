import { describe, expect, it } from "vitest";
import { API_KEY, clientOf, offlineClient, PROJECT_ID, runOnServer, UUID, wrong } from "../support/clients.js";
import { always, rawServer } from "../support/servers.js";
import { FULL_WRITES } from "../support/writes.js";

/** A response that matches the schemas of all eight routes. */
const ANY_PROMISE = {
  experiment: { id: "e1" },
  run: { id: "r1" },
  experiment_id: "e1",
  id: "i1",
  patched: [],
  ok: true,
  inserted: 2,
};

describe.each(FULL_WRITES)("$method with every field", ({ call, path, body }) => {
  it("sends what the wire table specifies", async () => {
    const { client, experimentId, runId, requests, server } = await runOnServer();
    await call(client, { experimentId, runId });
    expect(requests()).toHaveLength(1);
    expect(requests()[0]).toMatchObject({ method: "POST", path: path({ experimentId, runId }), committed: true });
    expect(requests()[0]?.body).toEqual(body({ experimentId, runId }));
    expect(server.requests.every(({ status = 0 }) => status < 300)).toBe(true);
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
  });

  it("sends the key, a content type and an Idempotency-Key, below the path prefix", async () => {
    const server = await rawServer(always(201, ANY_PROMISE));
    const ids = { experimentId: "e1", runId: "r1" };
    await call(clientOf(server), ids);
    const [request] = server.requests;
    expect(request).toMatchObject({ method: "POST", path: `/api/dashboard/api${path(ids)}` });
    expect(request?.headers).toMatchObject({
      authorization: `Bearer ${API_KEY}`,
      "content-type": expect.stringMatching(/^application\/json/),
      "idempotency-key": expect.stringMatching(/^.{1,255}$/),
    });
  });

  it("never repeats the key of another write", async () => {
    const { client, experimentId, runId, requests } = await runOnServer();
    for (let times = 0; times < 3; times += 1) await call(client, { experimentId, runId });
    const keys = requests().map(({ idempotencyKey }) => idempotencyKey);
    expect(keys).not.toContain(undefined);
    expect(new Set(keys).size).toBe(3);
  });
});

describe("a null or undefined field", () => {
  it("is not sent", async () => {
    const { client, experimentId, runId, requests } = await runOnServer();
    await client.createExperiment({ experiment_name: "x", plan: null, tags: undefined, config: null });
    await client.updateExperiment(experimentId, { plan: "p", status: null, best_score: undefined });
    await client.createRun({ experiment_id: experimentId, seed: null, status: null, group_id: undefined });
    await client.updateRun(runId, { summary: {}, status: undefined, duration_seconds: null });
    await client.logStepMetric(runId, {
      step: 1,
      split: null,
      accuracy: null,
      metrics: { a: 1, b: null, c: undefined },
    });
    await client.createEval(runId, { metrics: { a: 1 }, step: null, breakdowns: undefined });
    await client.addCheckpoint(runId, { uri: "u", is_final: null, label: null, step: undefined });
    await client.logPredictions(runId, [
      { kind: "eval", instruction: "i", model_output: "o", reward: null, expected: null, step: undefined },
    ]);
    expect(requests().map(({ body }) => body)).toEqual([
      { experiment_name: "x", project_id: PROJECT_ID },
      { plan: "p" },
      { experiment_id: experimentId, status: "pending" },
      { summary: {} },
      { step: 1, split: "train", metrics: { a: 1 } },
      { metrics: { a: 1 } },
      { uri: "u", is_final: false },
      { predictions: [{ kind: "eval", instruction: "i", model_output: "o" }] },
    ]);
  });

  it("is sent if it is nested inside a value", async () => {
    const { client, experimentId, requests } = await runOnServer();
    await client.createRun({ experiment_id: experimentId, run_config: { path: null, list: [null] } });
    expect(requests()[0]?.body).toMatchObject({ run_config: { path: null, list: [null] } });
  });

  it("does not overwrite metrics with a named series that is not given", async () => {
    const { client, runId, requests } = await runOnServer();
    await client.logStepMetric(runId, {
      step: 1,
      loss: undefined,
      accuracy: null,
      metrics: { loss: 0.5, accuracy: 1 },
    });
    expect(requests()[0]?.body).toMatchObject({ metrics: { loss: 0.5, accuracy: 1 } });
  });

  it("does not overwrite the client's project", async () => {
    const { client, requests } = await runOnServer();
    await client.createExperiment({ experiment_name: "x", project_id: undefined });
    await client.createExperiment({ experiment_name: "x", project_id: null });
    await client.createExperiment({ experiment_name: "x", project_id: "another" });
    const projects = requests().map(({ body }) => body);
    expect(projects).toMatchObject([{ project_id: PROJECT_ID }, { project_id: PROJECT_ID }, { project_id: "another" }]);
  });
});

it("0, false and empty text are sent", async () => {
  const { client, experimentId, runId, requests } = await runOnServer();
  await client.createExperiment({ experiment_name: "x", hypothesis: "", tags: [], config: {}, is_valid: false });
  await client.updateExperiment(experimentId, {
    best_score: 0,
    current_iteration: 0,
    error_message: "",
    is_valid: false,
  });
  await client.createRun({ experiment_id: experimentId, seed: 0, recipe_kind: "" });
  await client.updateRun(runId, { duration_seconds: 0, error_message: "", flag: false, count: 0 });
  await client.logStepMetric(runId, { step: 0, loss: 0, metrics: { "": 0 } });
  await client.createEval(runId, { metrics: { a: 0 }, step: 0, model_ref: "" });
  await client.addCheckpoint(runId, { uri: "u", is_final: false, label: "", step: 0 });
  await client.logPredictions(runId, [
    { kind: "rollout", instruction: "", model_output: "", sample_idx: 0, expected: false, reward: 0, metadata: {} },
  ]);
  expect(requests().map(({ body }) => body)).toEqual([
    { experiment_name: "x", project_id: PROJECT_ID, hypothesis: "", tags: [], config: {}, is_valid: false },
    { best_score: 0, current_iteration: 0, error_message: "", is_valid: false },
    { experiment_id: experimentId, status: "pending", seed: 0, recipe_kind: "" },
    { duration_seconds: 0, error_message: "", flag: false, count: 0 },
    { step: 0, split: "train", metrics: { loss: 0, "": 0 } },
    { metrics: { a: 0 }, step: 0, model_ref: "" },
    { uri: "u", is_final: false, label: "", step: 0 },
    {
      predictions: [
        { kind: "rollout", instruction: "", model_output: "", sample_idx: 0, expected: false, reward: 0, metadata: {} },
      ],
    },
  ]);
});

describe("an id in the path", () => {
  it.each(["a b", "ü?#", "100%", "a&b=c;d", "..hidden", "%2e%2e", "[x]"])("arrives unchanged: %j", async (id) => {
    const server = await rawServer(always(200, ANY_PROMISE));
    const client = clientOf(server);
    await client.logStepMetric(id, { step: 1, loss: 1 });
    await client.updateExperiment(id, { plan: "p" });
    const ids = server.requests.map(({ path }) => /^\/api\/dashboard\/api\/sdk\/\w+\/([^/?#]+)\//.exec(path)?.[1]);
    expect(ids.map((found) => decodeURIComponent(found ?? ""))).toEqual([id, id]);
  });
});

it("does not change the caller's argument", async () => {
  const client = offlineClient();
  const body = Object.freeze({ experiment_name: "x", plan: null, config: Object.freeze({ a: Number.NaN }) });
  const { id } = await client.createExperiment(body);
  expect(id).toMatch(UUID);
  const predictions = Object.freeze([Object.freeze({ kind: "eval", instruction: "i", model_output: "o", step: null })]);
  await client.logPredictions("run", wrong(predictions));
  expect(predictions[0]).toEqual({ kind: "eval", instruction: "i", model_output: "o", step: null });
  expect(body).toEqual({ experiment_name: "x", plan: null, config: { a: Number.NaN } });
});
