import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  type ExperimentRow,
  type MockServer,
  type MockServerOptions,
  MockState,
  type RecordedRequest,
  startMockServer,
} from "../../src/testing/index.js";
import { KeyMemory } from "../../src/testing/key-memory.js";
import { until } from "../support/until.js";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ROW = { step: 1, split: "train", metrics: { loss: 0.5 } };

const running: MockServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

async function start(options?: MockServerOptions): Promise<MockServer> {
  const server = await startMockServer(options);
  running.push(server);
  return server;
}

type Headers = Readonly<Record<string, string>>;

function send(server: MockServer, path: string, init: RequestInit): Promise<Response> {
  return fetch(`${server.url}/api/dashboard/api${path}`, init);
}

function postText(server: MockServer, path: string, body: string, headers: Headers = {}): Promise<Response> {
  const all = { authorization: "Bearer secret", "content-type": "application/json", ...headers };
  return send(server, path, { method: "POST", body, headers: all });
}

async function post(server: MockServer, path: string, body: unknown, headers?: Headers) {
  const response = await postText(server, path, JSON.stringify(body), headers);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
}

async function createExperiment(server: MockServer): Promise<string> {
  return (await post(server, "/sdk/experiments/", { experiment_name: "iris" })).body.experiment.id;
}

async function createRun(server: MockServer): Promise<string> {
  return (await post(server, "/sdk/runs/", { experiment_id: await createExperiment(server) })).body.run.id;
}

describe("the stored data", () => {
  it("has a new experiment as pending, with a UUID", async () => {
    const server = await start();
    const { status, body } = await post(server, "/sdk/experiments/", { experiment_name: "iris", tags: ["a"] });
    expect(status).toBe(201);
    expect(body.experiment).toMatchObject({ experiment_name: "iris", tags: ["a"], status: "pending" });
    expect(body.experiment.id).toMatch(UUID);
    expect(server.experiments).toEqual([body.experiment]);
  });

  it("has the fields of an experiment patch, whose names are in the response", async () => {
    const server = await start();
    const [first, second] = [await createExperiment(server), await createExperiment(server)];
    const patch = { status: "completed", best_score: null, tags: [] };
    const { status, body } = await post(server, `/sdk/experiments/${first}/`, patch);
    expect(status).toBe(200);
    expect(body).toEqual({ experiment_id: first, patched: ["status", "best_score", "tags"] });
    expect(server.experiments).toEqual([
      { id: first, experiment_name: "iris", ...patch },
      { id: second, experiment_name: "iris", status: "pending" },
    ]);
  });

  it("has a new run only if its experiment exists", async () => {
    const server = await start();
    const experiment_id = await createExperiment(server);
    const { status, body } = await post(server, "/sdk/runs/", { experiment_id, seed: 0, status: "running" });
    expect(status).toBe(201);
    expect(body.run).toEqual({ id: expect.stringMatching(UUID), experiment_id, seed: 0, status: "running" });
    const other = await post(server, "/sdk/runs/", { experiment_id: "no-such-thing" });
    expect(other).toMatchObject({ status: 404, body: { detail: "Experiment no-such-thing not found." } });
    expect(server.runs).toEqual([body.run]);
  });

  it("has a new run as pending by default", async () => {
    const server = await start();
    await createRun(server);
    expect(server.runs[0]?.status).toBe("pending");
  });

  it("has every field of a run patch except the id", async () => {
    const server = await start();
    const id = await createRun(server);
    const patch = { status: "failed", summary: { best: 1 }, gpu: "H100", id: "another" };
    const { status, body } = await post(server, `/sdk/runs/${id}/`, patch);
    expect(status).toBe(200);
    expect(body).toEqual({ id, patched: ["status", "summary", "gpu", "id"] });
    expect(server.runs[0]).toMatchObject({ id, status: "failed", summary: { best: 1 }, gpu: "H100" });
    expect((await post(server, `/sdk/runs/${id}/metrics/`, ROW)).status).toBe(200);
  });

  it("has the rows of a run with its id", async () => {
    const server = await start();
    const run_id = await createRun(server);
    const metric = await post(server, `/sdk/runs/${run_id}/metrics/`, ROW);
    const evaluation = await post(server, `/sdk/runs/${run_id}/evals/`, { metrics: { accuracy: 1 } });
    const checkpoint = await post(server, `/sdk/runs/${run_id}/checkpoints/`, { uri: "s3://b/1", is_final: false });
    const predictions = [1, 2].map((sample_idx) => ({ kind: "eval", instruction: "?", model_output: "!", sample_idx }));
    const batch = await post(server, `/sdk/runs/${run_id}/predictions/`, { predictions });

    expect(metric).toMatchObject({ status: 200, body: { ok: true } });
    expect(server.metrics).toEqual([{ run_id, ...ROW }]);
    expect(evaluation.body).toEqual({ ok: true, id: expect.stringMatching(UUID) });
    expect(server.evals).toEqual([{ id: evaluation.body.id, run_id, metrics: { accuracy: 1 } }]);
    expect(checkpoint.body).toEqual({ ok: true, id: expect.stringMatching(UUID) });
    expect(server.checkpoints).toEqual([{ id: checkpoint.body.id, run_id, uri: "s3://b/1", is_final: false }]);
    expect(batch.body).toEqual({ ok: true, inserted: 2 });
    expect(server.predictions).toEqual(predictions.map((prediction) => ({ run_id, ...prediction })));
  });

  it.each([
    ["/sdk/experiments/gone/", { status: "failed" }],
    ["/sdk/runs/gone/", { status: "failed" }],
    ["/sdk/runs/gone/metrics/", ROW],
    ["/sdk/runs/gone/evals/", { metrics: {} }],
    ["/sdk/runs/gone/checkpoints/", { uri: "u", is_final: true }],
    ["/sdk/runs/gone/predictions/", { predictions: [{ kind: "eval", instruction: "", model_output: "" }] }],
  ])("has no entity with an unknown id, which gets a 404: %s", async (path, body) => {
    const server = await start();
    const response = await post(server, path, body);
    expect(response.status).toBe(404);
    expect(response.body.detail).toMatch(/^(Run|Experiment) gone not found\.$/);
    expect([...server.metrics, ...server.evals, ...server.checkpoints, ...server.predictions]).toEqual([]);
    expect(server.requests[0]).toMatchObject({ status: 404, committed: false });
  });

  it("is found by ids that are encoded in the path; an invalid encoding is an unknown id", async () => {
    const server = await start();
    const id = await createRun(server);
    const encoded = id.replaceAll("-", "%2D");
    expect((await post(server, `/sdk/runs/${encoded}/metrics/`, ROW)).status).toBe(200);
    expect((await post(server, "/sdk/runs/%ZZ/metrics/", ROW)).status).toBe(404);
    expect((await post(server, "/sdk/runs/__proto__/metrics/", ROW)).status).toBe(404);
  });
});

describe("invalid requests", () => {
  it.each<[string, Headers]>([
    ["a wrong key", { authorization: "Bearer wrong" }],
    ["a key that only begins right", { authorization: "Bearer secretly" }],
    ["an empty key", { authorization: "Bearer " }],
    ["another scheme", { authorization: "Basic secret" }],
  ])("get a 401 for %s", async (_what, headers) => {
    const server = await start({ apiKey: "secret" });
    const response = await post(server, "/sdk/experiments/", { experiment_name: "iris" }, headers);
    expect(response).toMatchObject({ status: 401, body: { detail: "Invalid API key." } });
    expect(server.experiments).toEqual([]);
    expect((await post(server, "/sdk/experiments/", { experiment_name: "iris" })).status).toBe(201);
  });

  it("get a 401 without any key if none is configured", async () => {
    const server = await start();
    const body = JSON.stringify({ experiment_name: "iris" });
    const headers = { "content-type": "application/json" };
    const without = await send(server, "/sdk/experiments/", { method: "POST", body, headers });
    expect([without.status, await without.json()]).toEqual([401, { detail: "Invalid API key." }]);
    expect((await postText(server, "/sdk/experiments/", body, { authorization: "Bearer x" })).status).toBe(201);
  });

  it.each(["/sdk/nothing/", "/sdk/experiments", "/sdk/runs//metrics/", "/"])("get a 404 for %s", async (path) => {
    const response = await post(await start(), path, {});
    expect(response.status).toBe(404);
    expect(response.body.detail).toContain(`No route /api/dashboard/api${path}.`);
  });

  it.each(["/sdk/experiments/", "/api/cardboard/api/sdk/experiments/"])(
    "get a 404 for %s outside the path prefix",
    async (path) => {
      const server = await start();
      const headers = { authorization: "Bearer k", "content-type": "application/json" };
      const init = { method: "POST", body: '{"experiment_name":"iris"}', headers };
      expect((await fetch(`${server.url}${path}`, init)).status).toBe(404);
      expect(server.requests[0]?.path).toBe(path);
    },
  );

  it.each(["GET", "PUT", "PATCH", "DELETE"])("get a 405 for %s", async (method) => {
    const server = await start();
    const response = await send(server, "/sdk/runs/", { method, headers: { authorization: "Bearer k" } });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
    expect(await response.json()).toEqual({ detail: expect.stringContaining(method) });
  });

  it.each<[string, unknown, string]>([
    ["/sdk/experiments/", {}, "experiment_name: this field is required"],
    ["/sdk/experiments/", { experiment_name: "" }, "experiment_name: must NOT have fewer than 1 characters"],
    ["/sdk/experiments/", { experiment_name: "a", extra: 1 }, "extra: unknown field"],
    ["/sdk/experiments/", { experiment_name: "a", tags: ["x", 1] }, "tags[1]: must be string"],
    ["/sdk/experiments/", [], "body: must be object"],
    ["/sdk/experiments/x/", {}, "body: must NOT have fewer than 1 properties"],
    ["/sdk/runs/", { experiment_id: "e", seed: 1.5 }, "seed: must be integer"],
    ["/sdk/runs/x/", { status: "done" }, "status: must be one of pending, running, completed, failed, cancelled"],
    ["/sdk/runs/x/metrics/", { ...ROW, metrics: { "a/b": null } }, "metrics.a/b: must be number"],
    ["/sdk/runs/x/checkpoints/", { uri: "u" }, "is_final: this field is required"],
    ["/sdk/runs/x/evals/", { metrics: {}, step: "1" }, "step: must be integer"],
    [
      "/sdk/runs/x/predictions/",
      {
        predictions: [
          { kind: "eval", instruction: "", model_output: "" },
          { kind: "x", instruction: "" },
        ],
      },
      "predictions[1].model_output: this field is required; predictions[1].kind: must be one of eval, rollout",
    ],
  ])("get a 400 that names the field: %s %j", async (path, body, detail) => {
    const server = await start();
    expect(await post(server, path, body)).toMatchObject({ status: 400, body: { detail } });
    expect(server.experiments).toEqual([]);
  });

  it("get a 400 for a number that a double cannot represent", async () => {
    const server = await start();
    const response = await postText(server, "/sdk/runs/x/metrics/", '{"step":1,"split":"val","metrics":{"a":1e999}}');
    expect([response.status, await response.json()]).toEqual([400, { detail: "metrics.a: must be number" }]);
  });

  it.each(["", "{", "nonsense"])("get a 400 if the body is not JSON: %j", async (text) => {
    const server = await start();
    const response = await postText(server, "/sdk/experiments/", text);
    expect([response.status, await response.json()]).toEqual([400, { detail: expect.stringMatching(/^body: /) }]);
    expect(server.requests[0]?.body).toBe(text === "" ? undefined : text);
  });

  it("get a 415 for another content type; JSON may have a charset", async () => {
    const server = await start();
    const body = { experiment_name: "iris" };
    const wrong = await post(server, "/sdk/experiments/", body, { "content-type": "text/plain" });
    expect(wrong).toMatchObject({ status: 415, body: { detail: expect.stringContaining("text/plain") } });
    const right = await post(server, "/sdk/experiments/", body, { "content-type": "application/json; charset=utf-8" });
    expect(right.status).toBe(201);
  });

  it("get a 413 above maxBodyBytes, but not at exactly that size", async () => {
    const body = JSON.stringify({ experiment_name: "é" });
    const server = await start({ maxBodyBytes: Buffer.byteLength(body) });
    expect((await postText(server, "/sdk/experiments/", body)).status).toBe(201);
    const response = await postText(server, "/sdk/experiments/", `${body} `);
    expect([response.status, await response.json()]).toEqual([413, { detail: expect.stringContaining("bytes") }]);
    expect(server.requests[1]).toMatchObject({ status: 413, body: undefined });
    expect(server.experiments).toHaveLength(1);
  });

  it.each([
    ["an announced length", { "content-length": "1000000000" }, 1],
    ["chunks", { "transfer-encoding": "chunked" }, 2000],
  ])("get a 413 before the whole body has arrived: %s", async (_what, length, sent) => {
    const server = await start({ maxBodyBytes: 1000 });
    const headers = { authorization: "Bearer k", "content-type": "application/json", ...length };
    const url = `${server.url}/api/dashboard/api/sdk/experiments/`;
    const status = await new Promise((resolve, reject) => {
      const upload = httpRequest(url, { method: "POST", headers, agent: false }, (response) => {
        resolve(response.statusCode);
        upload.destroy();
      });
      upload.on("error", reject);
      upload.write("x".repeat(sent));
    });
    expect(status).toBe(413);
  });

  it("have the rest of a too large body discarded, even without a response", async () => {
    const server = await start({ maxBodyBytes: 1000 });
    server.failNext({ hang: true });
    const upload = httpRequest(`${server.url}/api/dashboard/api/sdk/runs/`, { method: "POST", agent: false });
    upload.on("error", () => {});
    await new Promise<void>((resolve) => upload.end(Buffer.alloc(50_000_000), resolve));
    expect(server.requests[0]).toMatchObject({ body: undefined, committed: false });
  });

  it("get a 500 if the server's own response does not match the schema", async () => {
    class Forgetful extends MockState {
      override addExperiment(): ExperimentRow {
        return { id: "", experiment_name: "", status: "pending" };
      }
    }
    const { status, body } = await post(await start({ state: new Forgetful() }), "/sdk/experiments/", {
      experiment_name: "iris",
    });
    expect(status).toBe(500);
    expect(body.detail).toContain("its response to createExperiment does not match the schema: experiment.id");
  });
});

describe("the schema", () => {
  const document = parse(readFileSync(new URL("../../openapi/evsys-sdk.yaml", import.meta.url), "utf8"));
  const routes = Object.entries<{ post: { operationId: string; requestBody: { content: Content } } }>(document.paths);
  type Content = { "application/json": { example: Record<string, unknown> } };

  it.each(routes.map(([path, { post: operation }]) => ({ path, ...operation })))(
    "has a valid example for $operationId",
    async ({ path, requestBody }) => {
      const server = await start();
      const run_id = await createRun(server);
      const experiment_id = server.experiments[0]?.id ?? "";
      const { example } = requestBody.content["application/json"];
      const body = "experiment_id" in example ? { ...example, experiment_id } : example;
      const response = await post(
        server,
        path.replace("{run_id}", run_id).replace("{experiment_id}", experiment_id),
        body,
      );
      expect(response).toMatchObject({ status: expect.toSatisfy((status) => status === 200 || status === 201) });
      expect(server.requests.at(-1)).toMatchObject({ body, committed: true });
    },
  );

  it("has eight routes", () => expect(routes).toHaveLength(8));
});

describe("Idempotency-Key", () => {
  const KEY = { "idempotency-key": "n:experiments:1" };
  const IRIS = { experiment_name: "iris" };

  it("returns the first response to a repeat, and stores nothing again", async () => {
    const server = await start();
    const first = await post(server, "/sdk/experiments/", IRIS, KEY);
    const second = await post(server, "/sdk/experiments/", IRIS, KEY);
    expect([second.status, second.body]).toEqual([first.status, first.body]);
    expect(server.experiments).toHaveLength(1);
    expect(server.requests.map(({ committed, status }) => [committed, status])).toEqual([
      [true, 201],
      [false, 201],
    ]);
  });

  it("stores two writes with different keys", async () => {
    const server = await start();
    await post(server, "/sdk/experiments/", IRIS, { "idempotency-key": "a" });
    await post(server, "/sdk/experiments/", IRIS, { "idempotency-key": "b" });
    expect(server.experiments).toHaveLength(2);
  });

  it("gets a 422 with another body or path", async () => {
    const server = await start();
    const id = await createRun(server);
    await post(server, `/sdk/runs/${id}/metrics/`, ROW, KEY);
    const body = await post(server, `/sdk/runs/${id}/metrics/`, { ...ROW, step: 2 }, KEY);
    const path = await post(server, `/sdk/runs/${id}/`, ROW, KEY);
    for (const response of [body, path]) {
      expect(response).toMatchObject({ status: 422, body: { detail: expect.stringContaining("n:experiments:1") } });
    }
    expect(server.metrics).toHaveLength(1);
    expect(server.runs[0]).not.toHaveProperty("step");
  });

  it("makes a repeat wait for the first request", async () => {
    const server = await start({ latencyMs: 20 });
    const responses = await Promise.all([1, 2, 3].map(() => post(server, "/sdk/experiments/", IRIS, KEY)));
    expect(new Set(responses.map(({ body }) => body.experiment.id)).size).toBe(1);
    expect(server.experiments).toHaveLength(1);
    expect(server.requests.map(({ committed }) => committed)).toEqual([true, false, false]);
  });

  it("is not remembered for a rejected request", async () => {
    const server = await start();
    const rejected = await post(server, "/sdk/experiments/", { wrong: 1 }, KEY);
    const taken = await post(server, "/sdk/experiments/", IRIS, KEY);
    expect([rejected.status, taken.status]).toEqual([400, 201]);
  });

  it("reveals nothing without the API key", async () => {
    const server = await start({ apiKey: "secret" });
    await post(server, "/sdk/experiments/", IRIS, KEY);
    const response = await post(server, "/sdk/experiments/", IRIS, { ...KEY, authorization: "Bearer wrong" });
    expect(response.status).toBe(401);
  });

  it("may have at most 255 characters", async () => {
    const server = await start();
    const long = await post(server, "/sdk/experiments/", IRIS, { "idempotency-key": "k".repeat(256) });
    expect(long).toMatchObject({ status: 400, body: { detail: expect.stringMatching(/^Idempotency-Key: /) } });
    expect((await post(server, "/sdk/experiments/", IRIS, { "idempotency-key": "k".repeat(255) })).status).toBe(201);
  });

  it("is ignored and recorded with honourIdempotencyKeys: false", async () => {
    const server = await start({ honourIdempotencyKeys: false });
    await post(server, "/sdk/experiments/", IRIS, KEY);
    await post(server, "/sdk/experiments/", { experiment_name: "other" }, KEY);
    expect(server.experiments).toHaveLength(2);
    expect(server.requests.map(({ idempotencyKey }) => idempotencyKey)).toEqual(["n:experiments:1", "n:experiments:1"]);
  });
});

describe("requests", () => {
  it("lists the requests in the order of arrival, without the key", async () => {
    const server = await start({ apiKey: "secret" });
    const id = await createExperiment(server);
    await post(server, `/sdk/experiments/${id}/`, { tags: [] }, { "x-mine": "1" });
    expect(server.requests.map(({ path }) => path)).toEqual(["/sdk/experiments/", `/sdk/experiments/${id}/`]);
    expect(server.requests[1]).toMatchObject({
      method: "POST",
      headers: { "x-mine": "1", "content-type": "application/json" },
      body: { tags: [] },
      status: 200,
      committed: true,
    });
    expect(server.requests[1]).not.toHaveProperty("idempotencyKey");
    expect(JSON.stringify(server.requests)).not.toContain("secret");
  });

  it("stores the write of a client that disconnected, and records no status", async () => {
    const server = await start({ latencyMs: 300 });
    const controller = new AbortController();
    const init = { method: "POST", body: '{"experiment_name":"iris"}', signal: controller.signal };
    const headers = { authorization: "Bearer k", "content-type": "application/json" };
    const pending = send(server, "/sdk/experiments/", { ...init, headers });
    await until(() => server.requests[0]?.body !== undefined);
    controller.abort();
    await expect(pending).rejects.toThrow("aborted");
    await until(() => server.requests[0]?.committed === true);
    expect(server.requests[0]).not.toHaveProperty("status");
    expect(server.experiments).toHaveLength(1);
  });

  it("keeps running when a client disconnects in the middle of its body", async () => {
    const server = await start();
    const socket = connect(server.port, "127.0.0.1");
    socket.write("POST /api/dashboard/api/sdk/runs/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
    await until(() => server.requests.length === 1);
    socket.resetAndDestroy();
    expect((await post(server, "/sdk/experiments/", { experiment_name: "iris" })).status).toBe(201);
    expect(server.requests[0]).toMatchObject({ body: undefined, committed: false });
    expect(server.requests[0]).not.toHaveProperty("status");
  });
});

describe("onRequest", () => {
  const IRIS = { experiment_name: "iris" };
  const KEY = { "idempotency-key": "k" };

  /** A server, and copies of the requests passed to onRequest. */
  async function recordingServer(options: MockServerOptions = {}) {
    const seen: RecordedRequest[] = [];
    const server = await start({ ...options, onRequest: (request) => seen.push({ ...request }) });
    return { server, seen };
  }

  it("is called once per request, before the client has the response, with all that is known", async () => {
    const { server, seen } = await recordingServer();
    await post(server, "/sdk/experiments/", IRIS, KEY);
    expect(seen).toHaveLength(1);
    await post(server, "/sdk/experiments/", IRIS, KEY);
    await post(server, "/sdk/experiments/", { ...IRIS, tags: [] }, KEY);
    await post(server, "/sdk/nothing/", {});
    expect(seen).toEqual(server.requests);
    expect(seen).toMatchObject([
      { path: "/sdk/experiments/", status: 201, end: "responded", committed: true, repeated: false, body: IRIS },
      { path: "/sdk/experiments/", status: 201, end: "responded", committed: false, repeated: true },
      { path: "/sdk/experiments/", status: 422, end: "responded", committed: false, repeated: false },
      { path: "/sdk/nothing/", status: 404, end: "responded", committed: false, repeated: false },
    ]);
    for (const { durationMs, failure } of seen) {
      expect(durationMs).toBeGreaterThan(0);
      expect(failure).toBeUndefined();
    }
  });

  it("is called for simulated failures: a response, a hang, a reset", async () => {
    const { server, seen } = await recordingServer();
    const failures = [{ status: 503 }, { status: 503, afterCommit: true }, { reset: true }, { hang: true }];
    for (const failure of failures) server.failNext(failure);
    for (const _ of failures.slice(0, -1)) await post(server, "/sdk/experiments/", IRIS).catch(() => {});
    const hung = expect(post(server, "/sdk/experiments/", IRIS)).rejects.toThrow("fetch failed");
    await until(() => seen.length === 4);
    expect(seen).toMatchObject([
      { status: 503, end: "responded", committed: false, failure: failures[0] },
      { status: 503, end: "responded", committed: true, failure: failures[1] },
      { end: "reset", committed: false, failure: failures[2] },
      { end: "hung", committed: false, failure: failures[3] },
    ]);
    await server.stop();
    await hung;
    expect(seen).toHaveLength(4);
  });

  it("is called when a client disconnects, also in the middle of its body", async () => {
    const { server, seen } = await recordingServer({ latencyMs: 300 });
    const head = "POST /api/dashboard/api/sdk/runs/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n";
    for (const text of [`${head}{`, `${head}{}`]) {
      const socket = connect(server.port, "127.0.0.1");
      socket.write(text);
      const before = server.requests.length;
      await until(() => server.requests.length > before);
      if (text.endsWith("{}")) await until(() => server.requests.at(-1)?.body !== undefined);
      socket.resetAndDestroy();
      await until(() => seen.length > before);
    }
    expect(seen).toMatchObject([{ end: "disconnected" }, { end: "disconnected", body: {} }]);
    expect(seen[0]).not.toHaveProperty("status");
  });

  it("causes a 500 if it throws, and is not called again", async () => {
    let calls = 0;
    const server = await start({
      onRequest() {
        calls += 1;
        throw new Error("no more paper");
      },
    });
    const response = await post(server, "/sdk/experiments/", IRIS);
    expect(response).toMatchObject({ status: 500, body: { detail: expect.stringContaining("no more paper") } });
    expect([calls, server.requests[0]?.status]).toEqual([1, 500]);
  });

  it("causes a process warning if it returns a promise that rejects", async () => {
    const warned = once(process, "warning");
    const server = await start({ onRequest: () => Promise.reject(new Error("no more paper")) });
    expect(await post(server, "/sdk/experiments/", IRIS)).toMatchObject({ status: 201 });
    expect(await warned).toMatchObject([{ message: "onRequest failed: no more paper" }]);
  });

  it("is not called for requests that stop() aborts", async () => {
    const { server, seen } = await recordingServer({ latencyMs: 60_000 });
    const held = expect(post(server, "/sdk/experiments/", IRIS)).rejects.toThrow("fetch failed");
    await until(() => server.requests[0]?.body !== undefined);
    const socket = connect(server.port, "127.0.0.1");
    const closed = new Promise((resolve) => socket.on("close", resolve).on("error", () => {}));
    socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{");
    await until(() => server.requests.length === 2);
    await server.stop();
    await Promise.all([held, closed]);
    expect(seen).toEqual([]);
  });
});

describe("the memory of a long-running server", () => {
  const IRIS = { experiment_name: "iris" };

  it("omits requests with keepRequests: false", async () => {
    let seen = 0;
    const onRequest = () => {
      seen += 1;
    };
    const server = await start({ keepRequests: false, onRequest });
    await createRun(server);
    expect([server.requests, seen, server.runs.length]).toEqual([[], 2, 1]);
  });

  it("forgets the oldest idempotency keys first", async () => {
    class Forgetful extends MockState {
      override readonly keys = new KeyMemory(2);
    }
    const server = await start({ state: new Forgetful() });
    const send = async (key: string) => {
      await post(server, "/sdk/experiments/", IRIS, { "idempotency-key": key });
      return server.requests.at(-1)?.repeated;
    };
    for (const key of ["a", "b", "c", "d", "e"]) await send(key);
    expect([await send("e"), await send("d"), await send("c"), await send("a")]).toEqual([true, true, true, false]);
  });
});

describe("latencyMs", () => {
  it("delays every response, concurrent ones by the same time", async () => {
    const server = await start({ latencyMs: 30 });
    const warnings: unknown[] = [];
    const warn = (warning: unknown) => warnings.push(warning);
    process.on("warning", warn);
    const started = performance.now();
    const one = createExperiment(server);
    await Promise.all([one, ...Array.from({ length: 30 }, () => createExperiment(server))]);
    // A timer may fire up to a millisecond early by this clock.
    expect(performance.now() - started).toBeGreaterThanOrEqual(29);
    expect(performance.now() - started).toBeLessThan(31 * 30);
    process.off("warning", warn);
    expect(warnings).toEqual([]);
  });
});

describe("failNext", () => {
  const IRIS = { experiment_name: "iris" };

  it("sends a status once, and stores nothing", async () => {
    const server = await start();
    server.failNext({ status: 503 });
    const failed = await post(server, "/sdk/experiments/", IRIS);
    expect(failed).toMatchObject({ status: 503, body: { detail: expect.any(String) } });
    expect(server.experiments).toEqual([]);
    expect(server.requests[0]).toMatchObject({ status: 503, committed: false });
    expect((await post(server, "/sdk/experiments/", IRIS)).status).toBe(201);
  });

  it("sends a status, headers and an object", async () => {
    const server = await start();
    server.failNext({ status: 429, headers: { "Retry-After": "7" }, body: { detail: "slow down" } });
    const failed = await post(server, "/sdk/experiments/", IRIS);
    expect(failed).toMatchObject({ status: 429, body: { detail: "slow down" } });
    expect(failed.headers.get("retry-after")).toBe("7");
    expect(failed.headers.get("content-type")).toBe("application/json");
  });

  it("sends raw text with status 200", async () => {
    const server = await start();
    server.failNext({ body: "<html>", headers: { "content-type": "text/html" } });
    const response = await postText(server, "/sdk/experiments/", JSON.stringify(IRIS));
    expect([response.status, await response.text()]).toEqual([200, "<html>"]);
    expect(response.headers.get("content-type")).toBe("text/html");
    expect(server.experiments).toEqual([]);
  });

  it.each([204, 502])("can send %d with an empty body", async (status) => {
    const server = await start();
    server.failNext({ status, body: "" });
    const response = await postText(server, "/sdk/experiments/", JSON.stringify(IRIS));
    expect([response.status, await response.text()]).toEqual([status, ""]);
  });

  it("hangs until stop(), while other requests are served", async () => {
    const server = await start();
    server.failNext({ hang: true });
    let settled = false;
    const hung = post(server, "/sdk/experiments/", IRIS).finally(() => {
      settled = true;
    });
    const outcome = expect(hung).rejects.toThrow("fetch failed");
    await until(() => server.requests[0]?.body !== undefined);
    expect((await post(server, "/sdk/experiments/", IRIS)).status).toBe(201);
    expect(settled).toBe(false);
    await server.stop();
    await outcome;
    expect(server.experiments).toHaveLength(1);
    expect(server.requests[0]).not.toHaveProperty("status");
  });

  it("resets the connection", async () => {
    const server = await start();
    server.failNext({ reset: true });
    const cause = await post(server, "/sdk/experiments/", IRIS).catch((error: Error) => error.cause);
    expect(cause).toMatchObject({ code: "ECONNRESET" });
    expect(server.experiments).toEqual([]);
  });

  it.each([
    ["status", { status: 500 }],
    ["body", { body: "no" }],
    ["reset", { reset: true }],
  ])("stores the write first with afterCommit: %s", async (_what, failure) => {
    const server = await start();
    server.failNext({ ...failure, afterCommit: true });
    const key = { "idempotency-key": "k" };
    await postText(server, "/sdk/experiments/", JSON.stringify(IRIS), key).catch(() => undefined);
    expect(server.requests[0]?.committed).toBe(true);
    expect(server.experiments).toHaveLength(1);
    const repeat = await post(server, "/sdk/experiments/", IRIS, key);
    expect(repeat).toMatchObject({ status: 201, body: { experiment: server.experiments[0] } });
    expect(server.experiments).toHaveLength(1);
  });

  it("stores the write first, then hangs", async () => {
    const server = await start();
    server.failNext({ hang: true, afterCommit: true });
    const outcome = expect(post(server, "/sdk/experiments/", IRIS)).rejects.toThrow("fetch failed");
    await until(() => server.requests[0]?.committed === true);
    expect(server.experiments).toHaveLength(1);
    await server.stop();
    await outcome;
  });

  it("fails the given number of requests, or all until it is cancelled", async () => {
    const server = await start();
    const statusOf = async () => (await post(server, "/sdk/experiments/", IRIS)).status;
    server.failNext({ status: 500, times: 2 });
    expect([await statusOf(), await statusOf(), await statusOf()]).toEqual([500, 500, 201]);
    const cancel = server.failNext({ status: 502, times: Number.POSITIVE_INFINITY });
    expect([await statusOf(), await statusOf(), await statusOf()]).toEqual([502, 502, 502]);
    cancel();
    expect(await statusOf()).toBe(201);
    cancel();
  });

  it("uses failures in the order they were queued", async () => {
    const server = await start();
    server.failNext({ status: 500 });
    server.failNext({ status: 502 });
    const first = await post(server, "/sdk/experiments/", IRIS);
    const second = await post(server, "/sdk/experiments/", IRIS);
    expect([first.status, second.status]).toEqual([500, 502]);
  });

  it.each([
    ["a part of the path", "/metrics/"],
    ["a pattern", /metrics\/$/g],
    ["a function", (request: { readonly body: unknown }) => JSON.stringify(request.body).includes('"step"')],
  ])("fails only requests that match %s", async (_what, match) => {
    const server = await start();
    server.failNext({ status: 500, match, times: 2 });
    const id = await createRun(server);
    const rows = [1, 2, 3].map(() => () => post(server, `/sdk/runs/${id}/metrics/`, ROW));
    const statuses: number[] = [];
    for (const row of rows) statuses.push((await row()).status);
    expect(statuses).toEqual([500, 500, 200]);
  });

  it("causes a 500 if a function throws", async () => {
    const server = await start();
    server.failNext({
      status: 503,
      match: () => {
        throw new Error("oops");
      },
    });
    const response = await post(server, "/sdk/experiments/", IRIS);
    expect(response).toMatchObject({ status: 500, body: { detail: expect.stringContaining("oops") } });
  });

  it.each([
    ["nothing", {}],
    ["two ways", { status: 500, hang: true }],
    ["headers without an answer", { reset: true, headers: { a: "b" } }],
    ["a status that is none", { status: 99 }],
    ["no times", { status: 500, times: 0 }],
    ["a broken header", { status: 500, headers: { "a b": "c" } }],
  ])("throws for %s", async (_what, failure) => {
    const server = await start();
    expect(() => server.failNext(failure)).toThrow();
    expect((await post(server, "/sdk/experiments/", IRIS)).status).toBe(201);
  });
});

describe("reset", () => {
  it("empties everything, without replacing the objects", async () => {
    const server = await start();
    const { experiments, runs, metrics, evals, checkpoints, predictions, requests } = server;
    const id = await createRun(server);
    const key = { "idempotency-key": "k" };
    await post(server, `/sdk/runs/${id}/metrics/`, ROW);
    await post(server, `/sdk/runs/${id}/evals/`, { metrics: {} });
    await post(server, `/sdk/runs/${id}/checkpoints/`, { uri: "u", is_final: true });
    const prediction = { kind: "rollout", instruction: "", model_output: "" };
    await post(server, `/sdk/runs/${id}/predictions/`, { predictions: [prediction] });
    await post(server, "/sdk/experiments/", { experiment_name: "iris" }, key);
    server.failNext({ status: 500, times: 9 });
    const all = [experiments, runs, metrics, evals, checkpoints, predictions, requests];
    expect(all.every((rows) => rows.length > 0)).toBe(true);

    server.reset();
    expect(all.every((rows) => rows.length === 0)).toBe(true);
    expect((await post(server, `/sdk/runs/${id}/metrics/`, ROW)).status).toBe(404);
    expect((await post(server, "/sdk/experiments/", { experiment_name: "other" }, key)).status).toBe(201);
    expect(experiments).toHaveLength(1);
  });
});

describe("starting and stopping", () => {
  it("listens on a free loopback port", async () => {
    const [one, two] = [await start(), await start()];
    expect(one.url).toBe(`http://127.0.0.1:${one.port}`);
    expect(one.port).toBeGreaterThan(0);
    expect(one.port).not.toBe(two.port);
  });

  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address !== undefined && !address.internal && address.family === "IPv4")?.address;

  it.skipIf(outside === undefined)("is reachable from other machines only if the host option says so", async () => {
    const [closed, open] = [await start(), await start({ host: "0.0.0.0" })];
    expect(open.url).toBe(`http://127.0.0.1:${open.port}`);
    await expect(fetch(`http://${outside}:${closed.port}/`)).rejects.toThrow("fetch failed");
    expect((await fetch(`http://${outside}:${open.port}/`)).status).toBe(401);
    expect((await fetch(open.url)).status).toBe(401);
  });

  const hasTwo = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));

  it.skipIf(!hasTwo)("listens on both addresses of localhost if that is its host, and on no other", async () => {
    const server = await start({ host: "localhost" });
    expect(server.url).toBe(`http://localhost:${server.port}`);
    const urls = ["127.0.0.1", "[::1]"].map((host) => `http://${host}:${server.port}/`);
    for (const url of [...urls, server.url]) expect((await fetch(url)).status).toBe(401);
    if (outside !== undefined) {
      await expect(fetch(`http://${outside}:${server.port}/`)).rejects.toThrow("fetch failed");
    }
    await server.stop();
    for (const url of urls) await expect(fetch(url)).rejects.toThrow("fetch failed");
  });

  it.skipIf(!hasTwo)("rejects if the port is in use on one of the two, and releases the other", async () => {
    const { port } = await start({ host: "::1" });
    await expect(startMockServer({ host: "localhost", port })).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect((await start({ port })).url).toBe(`http://127.0.0.1:${port}`);
  });

  it("rejects if the port is in use", async () => {
    const { port } = await start();
    await expect(startMockServer({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it("closes open connections and can be stopped twice", async () => {
    const server = await start();
    await createExperiment(server);
    const socket = connect(server.port, "127.0.0.1");
    const closed = new Promise((resolve) => socket.on("close", resolve).on("error", () => {}));
    await new Promise((resolve) => socket.on("connect", resolve));
    const stopped = server.stop();
    expect(server.stop()).toBe(stopped);
    await stopped;
    await closed;
    await expect(createExperiment(server)).rejects.toThrow("fetch failed");
  });

  it("stores nothing after stop()", async () => {
    const server = await start({ latencyMs: 10 });
    const outcome = expect(createExperiment(server)).rejects.toThrow("fetch failed");
    await until(() => server.requests[0]?.body !== undefined);
    await server.stop();
    await outcome;
    const next = await start({ latencyMs: 20, state: server.state });
    await createExperiment(next);
    expect(next.experiments).toHaveLength(1);
  });

  it("stores no request that was read when stop() was called", async () => {
    const server = await start();
    const match = () => {
      void server.stop();
      return false;
    };
    server.failNext({ status: 500, match });
    await expect(createExperiment(server)).rejects.toThrow("fetch failed");
    expect(server.experiments).toEqual([]);
  });

  it("starts again on the same port with its rows and keys", async () => {
    const first = await start();
    const key = { "idempotency-key": "k" };
    const before = await post(first, "/sdk/experiments/", { experiment_name: "iris" }, key);
    await first.stop();
    const second = await start({ port: first.port, state: first.state });
    expect(second.url).toBe(first.url);
    expect(second.experiments).toBe(first.experiments);
    expect(second.requests).toEqual([]);
    const again = await post(second, "/sdk/experiments/", { experiment_name: "iris" }, key);
    expect(again.body).toEqual(before.body);
    const run = await post(second, "/sdk/runs/", { experiment_id: before.body.experiment.id });
    expect(run.status).toBe(201);
  });
});

describe("the options", () => {
  // As JavaScript gives them, and as they come out of JSON.
  it.each([
    ['{"port":"x"}', 'port must be an integer from 0 to 65535, not "x"'],
    ['{"port":65536}', "port must be an integer from 0 to 65535, not 65536"],
    ['{"apikey":"k"}', "unknown option apikey; did you mean apiKey?"],
    ['{"apiKey":""}', "apiKey must be a non-empty string without spaces"],
    ['{"latencyMs":-1}', "latencyMs must be a number of 0 or more, not -1"],
  ])("are rejected if invalid: %s", async (text, message) => {
    await expect(startMockServer(JSON.parse(text))).rejects.toThrow(`startMockServer: ${message}`);
  });
});
