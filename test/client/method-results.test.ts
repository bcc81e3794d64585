import { describe, expect, it } from "vitest";
import { clientOf, mockServer, offlineClient, PROJECT_ID, runOnServer, UUID, wrong } from "../support/clients.js";
import { always, deadServer, rawServer } from "../support/servers.js";
import { CHECKPOINT, EVAL, EXPERIMENT, PREDICTION, RUN } from "../support/writes.js";

describe("the result of a call", () => {
  it("is the experiment as sent, overlaid with the response, and its id", async () => {
    const response = { experiment: { id: "e-7", experiment_name: "renamed", owner: "backend" } };
    const server = await rawServer(always(201, response));
    const row = await clientOf(server).createExperiment(EXPERIMENT);
    expect(row).toEqual({ ...EXPERIMENT, project_id: PROJECT_ID, ...response.experiment });
  });

  it("is the run as sent, overlaid with the response, and its id", async () => {
    const response = { run: { id: "r-7", status: "pending", owner: "backend" } };
    const server = await rawServer(always(201, response));
    const row = await clientOf(server).createRun({ experiment_id: "e-7", ...RUN });
    expect(row).toEqual({ experiment_id: "e-7", ...RUN, ...response.run });
  });

  it("is the backend's id of an eval or a checkpoint, with the fields sent", async () => {
    const { client, runId, server } = await runOnServer();
    const evaluation = await client.createEval(runId, EVAL);
    const checkpoint = await client.addCheckpoint(runId, CHECKPOINT);
    expect(evaluation).toEqual({ ...EVAL, ok: true, id: server.evals[0]?.id });
    expect(checkpoint).toEqual({ ...CHECKPOINT, ok: true, id: server.checkpoints[0]?.id });
    expect(evaluation.id).toMatch(UUID);
    expect(checkpoint.id).toMatch(UUID);
  });

  it("has a generated id if the response has none for a row", async () => {
    const client = clientOf(await rawServer(always(200, { ok: true })));
    expect((await client.createEval("run", { metrics: { a: 1 } })).id).toMatch(UUID);
    expect((await client.addCheckpoint("run", { uri: "u" })).id).toMatch(UUID);
  });

  it("is the response for a patch, a metric row and a batch", async () => {
    const { client, experimentId, runId } = await runOnServer();
    const patched = await client.updateExperiment(experimentId, { plan: "p", tags: [] });
    expect(patched).toEqual({ experiment_id: experimentId, patched: ["plan", "tags"] });
    expect(await client.updateRun(runId, { gpu: "H100" })).toEqual({ id: runId, patched: ["gpu"] });
    expect(await client.logStepMetric(runId, { step: 1, loss: 1 })).toEqual({ ok: true });
    expect(await client.logPredictions(runId, [PREDICTION, PREDICTION])).toEqual({ ok: true, inserted: 2 });
  });

  it("has the same shape offline, with generated ids", async () => {
    const client = offlineClient({ projectId: PROJECT_ID });
    const experiment = await client.createExperiment(EXPERIMENT);
    expect(experiment).toEqual({ ...EXPERIMENT, project_id: PROJECT_ID, id: expect.stringMatching(UUID) });
    const run = await client.createRun({ experiment_id: experiment.id });
    expect(run).toEqual({ experiment_id: experiment.id, status: "pending", id: expect.stringMatching(UUID) });
    expect(await client.updateExperiment(experiment.id, { plan: "p", status: null })).toEqual({
      experiment_id: experiment.id,
      patched: ["plan"],
    });
    expect(await client.updateRun(run.id, { gpu: "H100" })).toEqual({ id: run.id, patched: ["gpu"] });
    expect(await client.logStepMetric(run.id, { step: 1, loss: 1 })).toEqual({ ok: true });
    expect(await client.createEval(run.id, EVAL)).toEqual({ ...EVAL, ok: true, id: expect.stringMatching(UUID) });
    const checkpoint = await client.addCheckpoint(run.id, { uri: "u" });
    expect(checkpoint).toEqual({ uri: "u", is_final: false, ok: true, id: expect.stringMatching(UUID) });
    expect(await client.logPredictions(run.id, [PREDICTION])).toEqual({ ok: true, inserted: 1 });
    expect(client.status()).toMatchObject({ remote: "offline", rejected: 0 });
  });
});

describe("post", () => {
  it("returns any JSON response", async () => {
    for (const response of ['{"any":["thing"]}', "[1]", "7", "null", "false", '""']) {
      const client = clientOf(await rawServer(always(200, response)));
      expect(await client.post("/other/route/", { a: 1 })).toEqual(JSON.parse(response));
    }
  });

  it("sends the body to the path, with the key and an Idempotency-Key", async () => {
    const server = await rawServer(always(200, "{}"));
    const client = clientOf(server);
    await client.post("/other/route/", { a: [null, 0, { b: "ü" }] });
    await client.post("/other/route/", null);
    expect(server.requests.map(({ text }) => text)).toEqual(['{"a":[null,0,{"b":"ü"}]}', "null"]);
    expect(server.requests[0]).toMatchObject({ method: "POST", path: "/api/dashboard/api/other/route/" });
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: expect.stringMatching(/^Bearer /),
      "content-type": expect.stringMatching(/^application\/json/),
      "idempotency-key": expect.any(String),
    });
  });

  it("sends no body if there is none", async () => {
    const server = await rawServer(always(200, "{}"));
    await clientOf(server).post("/other/route/");
    expect(server.requests.map(({ text }) => text)).toEqual([""]);
  });

  it.each(["", "plain words", "<html></html>", '{"cut":'])("returns { _raw } for a response of %j", async (text) => {
    const client = clientOf(await rawServer(always(200, text)));
    expect(await client.post("/other/route/", {})).toEqual({ _raw: text });
  });

  it("returns null if nothing was sent", async () => {
    expect(await offlineClient().post("/sdk/runs/", {})).toBeNull();
    expect(await clientOf(await deadServer(), { maxRetries: 0 }).post("/sdk/runs/", {})).toBeNull();
  });

  it("throws for a rejected request", async () => {
    const client = clientOf(await mockServer());
    await expect(client.post("/no/such/route/", {})).rejects.toMatchObject({
      name: "NotFoundError",
      status: 404,
      path: "/no/such/route/",
      method: "POST",
      pending: false,
    });
  });

  it.each(["sdk/runs/", "", "http://elsewhere/", undefined])("rejects the path %j", async (path) => {
    const server = await mockServer();
    const call = async () => clientOf(server).post(wrong(path), {});
    await expect(call).rejects.toMatchObject({ name: "EvsysValidationError", issues: [{ field: "path" }] });
    expect(server.requests).toEqual([]);
  });
});
