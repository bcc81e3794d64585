import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { shortBody } from "../../src/http/response-text.js";
import { VERSION } from "../../src/util/version.js";
import { API_KEY, clientOf, failureOf } from "../support/clients.js";
import { always, rawServer } from "../support/servers.js";
import { attempt, backendApi, byteServer, deadlineOf, onTheWire } from "./support.js";

const OK = '{"ok":true}';

/** A server that sends these bytes in this encoding. */
function encoded(status: number, encoding: string, bytes: Uint8Array, type = "application/json") {
  return rawServer((_, response) => {
    response.writeHead(status, { "content-type": type, "content-encoding": encoding }).end(bytes);
  });
}

describe("a compressed response", () => {
  it.each([
    ["gzip", gzipSync(OK)],
    ["x-gzip", gzipSync(OK)],
    ["GZIP", gzipSync(OK)],
    ["deflate", deflateSync(OK)],
    ["deflate", deflateRawSync(OK)],
    ["br", brotliCompressSync(OK)],
    ["identity", Buffer.from(OK)],
    ["gzip", Buffer.from(OK)],
  ])("in %s is decoded", async (encoding, bytes) => {
    const outcome = await attempt(backendApi(await encoded(200, encoding, bytes)));
    expect(outcome).toEqual({ kind: "delivered", body: { ok: true } });
  });

  it("with an error keeps the backend's text", async () => {
    const server = await encoded(422, "gzip", gzipSync('{"detail":"no such split"}'));
    const error = await failureOf(() => clientOf(server).logStepMetric("r", { step: 1, loss: 1 }));
    expect(error).toMatchObject({ status: 422, body: { detail: "no such split" } });
    expect(String(error)).toContain("no such split");
  });

  it("in an unknown encoding is reported", async () => {
    const outcome = await attempt(backendApi(await encoded(200, "zstd", Buffer.from("…"))));
    expect(outcome).toEqual({
      kind: "unavailable",
      evidence: "response",
      status: 200,
      reason: 'HTTP 200 with a body in the encoding "zstd" instead of JSON',
    });
  });

  it("that cannot be decoded is reported", async () => {
    const outcome = await attempt(backendApi(await encoded(200, "br", Buffer.from(OK))));
    expect(outcome).toMatchObject({ reason: "HTTP 200 with a br body that cannot be decompressed instead of JSON" });
  });

  it.each([
    [200, { kind: "unavailable", reason: expect.stringContaining("of more than 16777216 bytes") }],
    [400, { kind: "rejected", failure: { status: 400, body: "" } }],
    [500, { kind: "unavailable", reason: "HTTP 500" }],
  ] as const)("of %i that expands beyond the limit is not expanded", async (status, expected) => {
    const bomb = gzipSync(Buffer.alloc(40 * 1024 * 1024, " "));
    expect(bomb.length).toBeLessThan(64 * 1024);
    expect(await attempt(backendApi(await encoded(status, "gzip", bomb)))).toMatchObject(expected);
  });
});

describe("a request", () => {
  it("has a User-Agent with the client's name and version", async () => {
    const server = await rawServer(always(200, { ok: true }));
    await clientOf(server).logStepMetric("r", { step: 1, loss: 1 });
    expect(server.requests[0]?.headers["user-agent"]).toBe(
      `evsys-sdk/${manifest.version} node/${process.versions.node}`,
    );
    expect(VERSION).toBe(manifest.version);
  });
});

describe("x-request-id", () => {
  it.each([400, 401, 403, 404, 407, 409, 418, 422, 302])("is part of the error for %i", async (status) => {
    const server = await rawServer(always(status, { detail: "no" }, { "x-request-id": "req-17" }));
    const error = await failureOf(() => clientOf(server).createRun({ experiment_id: "e" }));
    expect(error).toMatchObject({ status, requestId: "req-17" });
    expect(String(error)).toContain("req-17");
  });

  it("is undefined without the header, and does not reveal the key", async () => {
    const bare = await rawServer(always(400, { detail: "no" }));
    expect(await failureOf(() => clientOf(bare).createRun({ experiment_id: "e" }))).toHaveProperty(
      "requestId",
      undefined,
    );
    const server = await rawServer(always(400, { detail: "no" }, { "x-request-id": API_KEY }));
    const error = await failureOf(() => clientOf(server).createRun({ experiment_id: "e" }));
    expect(JSON.stringify(error) + String(error)).not.toContain(API_KEY);
  });
});

describe("a status that says nothing about the write", () => {
  it.each([
    [407, "requires a user and a password"],
    [421, "does not serve this address"],
  ])("%i blocks it, and it stays pending", async (status, words) => {
    const server = await rawServer(always(status, "<h1>Proxy</h1>"));
    const client = clientOf(server);
    const error = await failureOf(() => client.logStepMetric("r", { step: 1, loss: 1 }));
    expect(error).toMatchObject({ name: "DashboardClientError", status, pending: true });
    expect(String(error)).toContain(words);
    expect(client.status()).toMatchObject({ pending: 1, rejected: 0 });
  });

  it("511 reports the network that requires a login", async () => {
    const outcome = await attempt(backendApi(await rawServer(always(511, "<h1>Wi-Fi</h1>"))));
    expect(outcome).toMatchObject({
      kind: "unavailable",
      status: 511,
      reason: "HTTP 511: the network requires you to log in: <h1>Wi-Fi</h1>",
    });
  });

  it("304 is not treated as a redirect", async () => {
    const outcome = await attempt(backendApi(await rawServer(always(304))));
    expect(outcome).toEqual({ kind: "unavailable", reason: "HTTP 304", evidence: "response", status: 304 });
  });
});

describe("a 2xx response that does not match the schema", () => {
  it.each([
    [200, "<html>Log in</html>", "text/html; charset=utf-8", "HTTP 200 with text/html instead of JSON"],
    [200, "{", "application/json", "HTTP 200 with text instead of JSON"],
    [200, "", "application/json", "HTTP 200 with an empty body instead of JSON"],
    [202, "", "", "HTTP 202 with an empty body instead of JSON"],
    [204, "", "", "HTTP 204 with an empty body instead of JSON"],
    [200, "{}", "application/json", "HTTP 200 that does not match the schema: ok: "],
    [200, "null", "application/json", "HTTP 200 that does not match the schema: "],
  ])("%i with %j: the reason describes it", async (status, text, type, reason) => {
    const server = await rawServer(always(status, text, type === "" ? {} : { "content-type": type }));
    const outcome = await attempt(backendApi(server));
    expect(outcome).toMatchObject({ kind: "unavailable", evidence: "response", status });
    expect("reason" in outcome && outcome.reason).toContain(reason);
    expect("reason" in outcome && outcome.reason).not.toMatch(/TypeError|SyntaxError|undefined/);
  });

  it("is detected again after a valid one of the same route", async () => {
    const bodies = [{ ok: true }, { ok: true }, { ok: false }, { ok: true, more: 1 }, {}];
    const server = await rawServer((_, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(bodies.shift()));
    });
    const backend = backendApi(server);
    const kinds = [];
    for (let count = 0; count < 5; count += 1) kinds.push((await attempt(backend)).kind);
    expect(kinds).toEqual(["delivered", "delivered", "unavailable", "delivered", "unavailable"]);
  });
});

describe("an informational response", () => {
  it.each([
    ["100 Continue", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["two of 100 Continue", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["103 Early Hints", "HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n"],
  ])("%s that was not requested does not affect the response", async (_, ...pieces) => {
    const server = await byteServer((socket) => {
      const [first = "", ...others] = [...pieces, onTheWire({ ok: true })];
      socket.write(first);
      let left = others;
      const next = (): void => {
        const [piece, ...rest] = left;
        left = rest;
        if (piece !== undefined) socket.write(piece, () => setImmediate(next));
      };
      setImmediate(next);
    });
    const backend = backendApi(server);
    for (let count = 0; count < 3; count += 1) {
      expect(await attempt(backend)).toEqual({ kind: "delivered", body: { ok: true } });
    }
  });

  it("in the same packet as the response does not affect it", async () => {
    const server = await byteServer((socket) =>
      socket.write(`HTTP/1.1 100 Continue\r\n\r\n${onTheWire({ ok: true })}`),
    );
    expect(await attempt(backendApi(server))).toEqual({ kind: "delivered", body: { ok: true } });
  });
});

describe("a response that switches protocols", () => {
  it.each(["", "upgrade: websocket\r\nconnection: upgrade\r\n"])("is an unusable response (%j)", async (headers) => {
    const server = await byteServer((socket) =>
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headers}\r\n${onTheWire({ ok: true })}`),
    );
    expect(await attempt(backendApi(server))).toEqual({
      kind: "unavailable",
      evidence: "response",
      reason: "HTTP 101: the server switches to another protocol",
    });
  });
});

describe("Retry-After", () => {
  const inAnHour = new Date(Date.now() + 3_600_000);
  const asctime = inAnHour.toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+) (\S+) GMT$/, "$1 $3 $2 $5 $4");
  it.each([
    ["0", 0, 0],
    ["7", 7_000, 7_000],
    [" 1.5 ", 1_500, 1_500],
    ["9".repeat(400), Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    [inAnHour.toUTCString(), 3_500_000, 3_600_000],
    [asctime, 3_500_000, 3_600_000],
    ["Sun, 06 Nov 1994 08:49:37 GMT", 0, 0],
  ])("%j is between %i and %i ms", async (header, least, most) => {
    const outcome = await attempt(backendApi(await rawServer(always(503, "", { "retry-after": header }))));
    const waitMs = outcome.kind === "unavailable" ? (outcome.retryAfterMs ?? Number.NaN) : Number.NaN;
    expect(waitMs).toBeGreaterThanOrEqual(least);
    expect(waitMs).toBeLessThanOrEqual(most);
  });

  it.each(["soon", "-1", "1e3", "Monday", "NaN", "in 5 seconds", "5 seconds"])("%j is ignored", async (header) => {
    const outcome = await attempt(backendApi(await rawServer(always(429, "", { "retry-after": header }))));
    expect(outcome).toEqual({ kind: "unavailable", reason: "HTTP 429", evidence: "response", status: 429 });
  });
});

describe("a response body that is stored", () => {
  it.each([
    ["a short text", "no", "no"],
    ["short JSON", { detail: "no" }, { detail: "no" }],
    ["nothing", undefined, undefined],
  ])("is %s unchanged", (_, body, kept) => {
    expect(shortBody(body)).toEqual(kept);
  });

  it.each([
    ["ASCII", "x".repeat(60_000)],
    ["two-byte characters", `x${"é".repeat(5_000)}`],
    ["four-byte characters", `xyz${"🙂".repeat(1_000)}`],
    ["JSON", { detail: "é".repeat(5_000) }],
  ])("is at most 2 KiB of %s, without splitting a character", (_, body) => {
    const kept = String(shortBody(body));
    expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(2048);
    expect(Buffer.byteLength(kept)).toBeGreaterThan(2040);
    expect(kept).not.toContain("\uFFFD");
    const whole = typeof body === "string" ? body : JSON.stringify(body);
    expect(whole.startsWith(kept.slice(0, -1))).toBe(true);
  });
});

it("a reason is one line of at most 200 characters, whatever the backend sends", async () => {
  const server = await rawServer(always(500, `${"a\n".repeat(500)}🙂`));
  const outcome = await attempt(backendApi(server), deadlineOf(10_000));
  const reason = outcome.kind === "unavailable" ? outcome.reason : "";
  expect(reason).toMatch(/^HTTP 500: a a a .*…$/);
  expect(reason.length).toBeLessThan(220);
});
