import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EvsysError, EvsysValidationError } from "../../src/index.js";
import { API_KEY, clientOf, failureOf, mockServer, offlineClient, wrong } from "../support/clients.js";
import { always, deadServer, rawServer } from "../support/servers.js";
import { until } from "../support/until.js";

const METRICS = "/sdk/runs/{run_id}/metrics/";
const row = { params: { path: { run_id: "r 1" } }, body: { step: 1, split: "train", metrics: { loss: 1 } } } as const;

describe("client.api", () => {
  it("sends typed requests that are not mirrored", async () => {
    const server = await mockServer();
    const client = clientOf(server);
    const { data, error, response } = await client.api.POST("/sdk/experiments/", {
      body: { experiment_name: "iris", project_id: "project-1" },
    });
    expect(error).toBeUndefined();
    expect(response.status).toBe(201);
    expect(data?.experiment.id).toBe(server.experiments[0]?.id);
    expect(existsSync(client.local.root)).toBe(false);
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
  });

  it("sends the same headers as the client's own requests", async () => {
    const server = await rawServer(always(200, { ok: true }));
    const client = clientOf({ url: `${server.url}/base/` });
    await client.logStepMetric("r 1", { step: 1, loss: 1 });
    expect(await client.api.POST(METRICS, row)).toMatchObject({ data: { ok: true } });
    const [own, users] = server.requests;
    expect(users?.path).toBe(own?.path);
    expect(JSON.parse(users?.text ?? "")).toEqual(JSON.parse(own?.text ?? ""));
    const { "idempotency-key": key, ...headers } = users?.headers ?? {};
    expect(key).toMatch(/./);
    expect(headers).toEqual({ ...own?.headers, "idempotency-key": undefined });
  });

  it("returns an error response without the key", async () => {
    const server = await rawServer(always(422, { detail: `no ${API_KEY}` }, { "x-echo": API_KEY }));
    const { data, error, response } = await clientOf(server).api.POST(METRICS, row);
    expect(data).toBeUndefined();
    expect(error).toEqual({ detail: "no [API key]" });
    expect(response.status).toBe(422);
    expect(response.headers.get("x-echo")).toBe("[API key]");
  });

  it("does not redact a short key inside other words, and keeps JSON valid", async () => {
    const server = await rawServer(always(400, { detail: "token k is ok" }));
    const { error } = await clientOf(server, { apiKey: "k" }).api.POST(METRICS, row);
    expect(error).toEqual({ detail: "token [API key] is ok" });
  });

  it("follows no redirect", async () => {
    const elsewhere = await rawServer(always(200, { ok: true }));
    const server = await rawServer(always(307, "", { location: elsewhere.url }));
    const { response } = await clientOf(server).api.POST(METRICS, row);
    expect([response.status, response.headers.get("location")]).toEqual([307, elsewhere.url]);
    expect(elsewhere.requests).toEqual([]);
  });

  it("reads text and an empty body as openapi-fetch does", async () => {
    const text = await rawServer(always(200, "plain"));
    expect(await clientOf(text).api.POST(METRICS, { ...row, parseAs: "text" })).toMatchObject({ data: "plain" });
    const empty = await rawServer(always(204));
    expect(await clientOf(empty).api.POST(METRICS, row)).toMatchObject({ response: { status: 204 } });
  });

  it("does not retry, and neither opens nor closes the circuit", async () => {
    const server = await rawServer(always(503, { detail: "restarting" }));
    const client = clientOf(server);
    expect(await client.api.POST(METRICS, row)).toMatchObject({ error: { detail: "restarting" } });
    expect(server.requests).toHaveLength(1);
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
  });

  it("uses the caller's fetch if there is one", async () => {
    const urls: string[] = [];
    const fetch = async (url: string): Promise<Response> => {
      urls.push(url);
      return Response.json({ ok: true });
    };
    const { data } = await clientOf({ url: "http://host" }, { fetch }).api.POST(METRICS, row);
    expect(data).toEqual({ ok: true });
    expect(urls).toEqual(["http://host/api/dashboard/api/sdk/runs/r%201/metrics/"]);
  });

  it("does not reveal the key when printed", async () => {
    const client = clientOf({ url: "http://host" });
    expect(JSON.stringify(client.api) + Object.keys(client)).not.toContain(API_KEY);
  });
});

describe("middleware", () => {
  it("sees requests and responses of client.api, and can change them", async () => {
    const server = await rawServer(always(200, { ok: true }));
    const client = clientOf(server);
    const seen: unknown[] = [];
    const middleware = {
      onRequest({ request, schemaPath }: { request: Request; schemaPath: string }) {
        seen.push(schemaPath, request.headers.get("authorization"));
        request.headers.set("x-trace", "t-1");
      },
      onResponse({ response }: { response: Response }) {
        seen.push(response.status);
      },
    };
    client.api.use(middleware);
    await client.api.POST(METRICS, row);
    // The key is added after it.
    expect(seen).toEqual([METRICS, null, 200]);
    expect(server.requests[0]?.headers).toMatchObject({ "x-trace": "t-1", authorization: `Bearer ${API_KEY}` });
    client.api.eject(middleware);
    await client.api.POST(METRICS, row);
    client.api.use(middleware);
    await client.api.POST(METRICS, row);
    expect(server.requests.map(({ headers }) => headers["x-trace"])).toEqual(["t-1", undefined, "t-1"]);
  });

  it("does not affect the eight methods or post()", async () => {
    const server = await rawServer(always(200, { ok: true }));
    const client = clientOf(server);
    client.api.use({
      onRequest: () => {
        throw new Error("not through here");
      },
    });
    await expect(client.api.POST(METRICS, row)).rejects.toThrow("not through here");
    expect(await client.logStepMetric("r", { step: 1, loss: 1 })).toEqual({ ok: true });
    expect(await client.post("/other/", {})).toEqual({ ok: true });
    expect(server.requests).toHaveLength(2);
  });

  it("cannot send the key to another address", async () => {
    const server = await rawServer(always(200, { ok: true }));
    const elsewhere = await rawServer(always(200, { ok: true }));
    const client = clientOf(server);
    client.api.use({ onRequest: ({ request }) => new Request(`${elsewhere.url}/x/`, request) });
    await expect(client.api.POST(METRICS, row)).rejects.toThrow(`client.api sends only to ${server.url}`);
    await expect(client.api.POST(METRICS, { ...row, baseUrl: elsewhere.url })).rejects.toThrow(EvsysError);
    expect([...elsewhere.requests, ...server.requests]).toEqual([]);
  });
});

describe("client.api throws an EvsysError", () => {
  it("offline", async () => {
    const error = await failureOf(() => offlineClient().api.POST(METRICS, row));
    expect(error).toBeInstanceOf(EvsysError);
    expect(String(error)).toContain("this client is offline");
  });

  it("closed", async () => {
    const client = clientOf(await rawServer(always(200, { ok: true })));
    await client.close();
    const error = await failureOf(() => client.api.POST(METRICS, row));
    expect(error).toBeInstanceOf(EvsysError);
    expect(String(error)).toContain("closed");
  });

  it("without a response, and preserves the cause", async () => {
    const error = await failureOf(async () => clientOf(await deadServer()).api.POST(METRICS, row));
    expect(error).toBeInstanceOf(EvsysError);
    expect(error).toMatchObject({
      message: expect.stringMatching(/^\[POST\] \/sdk\/runs\/r%201\/metrics\/: .*ECONNREFUSED/),
      cause: { code: "ECONNREFUSED" },
    });
  });

  it("when timeoutMs is over", async () => {
    const client = clientOf(await rawServer(() => {}), { timeoutMs: 50 });
    const error = await failureOf(() => client.api.POST(METRICS, row));
    expect(error).toBeInstanceOf(EvsysError);
    expect(String(error)).toContain("no response within 50 ms");
  });

  it.each([
    ["<html>Log in</html>", "text/html", "HTTP 200 with text/html instead of JSON"],
    ["{", "application/json", "HTTP 200 with text instead of JSON"],
  ])("for a 200 response of %j", async (text, type, reason) => {
    const client = clientOf(await rawServer(always(200, text, { "content-type": type })));
    const error = await failureOf(() => client.api.POST(METRICS, row));
    expect(error).toBeInstanceOf(EvsysError);
    expect(String(error)).toContain(reason);
  });

  it.each(["..", ".", "", "a/b"])("for the id %j, which would change the route", async (id) => {
    const server = await rawServer(always(200, { ok: true }));
    const error = await failureOf(() =>
      clientOf(server).api.POST(METRICS, { ...row, params: { path: { run_id: id } } }),
    );
    expect(error).toBeInstanceOf(EvsysValidationError);
    expect(String(error)).toContain("params.path.run_id");
    expect(server.requests).toEqual([]);
  });

  it("for a body that JSON cannot represent", async () => {
    const client = clientOf(await rawServer(always(200, { ok: true })));
    const error = await failureOf(() => client.api.POST(METRICS, { ...row, body: wrong({ step: 1n }) }));
    expect(error).toBeInstanceOf(EvsysValidationError);
    expect(String(error)).toContain("body");
  });
});

describe("an AbortSignal", () => {
  it("aborts a request with its own reason", async () => {
    const server = await rawServer(() => {});
    const client = clientOf(server);
    const abort = new AbortController();
    const failed = failureOf(() => client.api.POST(METRICS, { ...row, signal: abort.signal }));
    await until(() => server.requests.length === 1);
    const reason = new Error("changed my mind");
    abort.abort(reason);
    expect(await failed).toBe(reason);
  });

  it("that is already aborted sends nothing", async () => {
    const server = await rawServer(always(200, { ok: true }));
    const call = { ...row, signal: AbortSignal.abort() };
    expect(await failureOf(() => clientOf(server).api.POST(METRICS, call))).toHaveProperty("name", "AbortError");
    expect(server.requests).toEqual([]);
  });
});
