import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { built } from "../support/built.js";
import { run } from "../support/children.js";
import { clientOf } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { always, deadServer, rawServer } from "../support/servers.js";
import { until } from "../support/until.js";
import { attempt, backendApi, byteServer, deadlineOf, onTheWire } from "./support.js";

const MEBIBYTE = 1024 * 1024;
const OK = { kind: "delivered", body: { ok: true } };

describe("a kept-alive connection that was closed by the server", () => {
  it.each([
    ["reset", (socket: Socket) => socket.resetAndDestroy()],
    ["closed", (socket: Socket) => socket.end()],
  ])("(%s) is replaced without further effect", async (_, end) => {
    const server = await byteServer((socket, _, number) =>
      number === 1 ? socket.write(onTheWire({ ok: true })) : end(socket),
    );
    const backend = backendApi(server);
    // The first two open a connection each; the third finds one that was used.
    for (let count = 0; count < 3; count += 1) expect(await attempt(backend)).toEqual(OK);
    expect(server.connections()).toBe(3);
  });

  it("is replaced once: a failure on the new connection is reported", async () => {
    let requests = 0;
    const server = await byteServer((socket) => {
      requests += 1;
      if (requests <= 2) socket.write(onTheWire({ ok: true }));
      else socket.resetAndDestroy();
    });
    const backend = backendApi(server);
    for (let count = 0; count < 2; count += 1) await attempt(backend);
    expect(await attempt(backend)).toMatchObject({ kind: "unavailable", evidence: "connection" });
    expect(requests).toBe(4);
  });

  it("is not replaced after part of a response arrived, nor if the connection is new", async () => {
    let requests = 0;
    const server = await byteServer((socket) => {
      requests += 1;
      if (requests <= 2) socket.write(onTheWire({ ok: true }));
      else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", () => socket.resetAndDestroy());
    });
    const backend = backendApi(server);
    for (let count = 0; count < 2; count += 1) await attempt(backend);
    expect(await attempt(backend)).toMatchObject({ kind: "unavailable", evidence: "connection" });
    expect(requests).toBe(3);
    const resetting = await byteServer((socket) => socket.resetAndDestroy());
    expect(await attempt(backendApi(resetting))).toMatchObject({ kind: "unavailable", evidence: "connection" });
    expect(resetting.connections()).toBe(1);
  });
});

describe("the evidence of a failure", () => {
  it("is the connection if none could be made", async () => {
    const outcome = await attempt(backendApi(await deadServer()));
    expect(outcome).toMatchObject({
      kind: "unavailable",
      evidence: "connection",
      reason: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("is the deadline if it has passed, with the deadline's reason", async () => {
    const server = await rawServer(() => {});
    expect(await attempt(backendApi(server), deadlineOf(40))).toEqual({
      kind: "unavailable",
      evidence: "timeout",
      reason: "the deadline has passed",
    });
    expect(await attempt(backendApi(server), deadlineOf(0))).toMatchObject({ evidence: "timeout" });
  });

  it("is the response if it is not HTTP", async () => {
    const server = await byteServer((socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n"));
    expect(await attempt(backendApi(server))).toMatchObject({ kind: "unavailable", evidence: "response" });
  });

  it.each([
    [new TypeError("x is not a function"), "client"],
    [new ReferenceError("y is not defined"), "client"],
    [Object.assign(new Error("too many open files"), { code: "EMFILE" }), "client"],
    [new TypeError("fetch failed"), "connection"],
    [new TypeError("Failed to fetch"), "connection"],
    [new TypeError("fetch failed", { cause: Object.assign(new Error("away"), { code: "ECONNRESET" }) }), "connection"],
    [new Error("not today"), "connection"],
    ["text", "connection"],
  ])("of a fetch that throws %s is the %s", async (thrown, evidence) => {
    const fetch = (): Promise<Response> => Promise.reject(thrown);
    const outcome = await attempt(backendApi({ url: "http://host" }, { fetch }));
    expect(outcome).toMatchObject({ kind: "unavailable", evidence });
    expect("reason" in outcome && outcome.reason.startsWith("an error of this client: ")).toBe(evidence === "client");
  });
});

/** A server that reads the bytes of requests and leaves the rest to the test. */
async function slowReader(onTaken: (socket: Socket, bytes: number) => void) {
  const sockets = new Set<Socket>();
  let taken = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (piece) => {
      taken += piece.length;
      onTaken(socket, taken);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  return { url: `http://127.0.0.1:${address.port}` };
}

describe("a large request body", () => {
  const large = JSON.stringify({ step: 1, note: "é".repeat(16 * MEBIBYTE) });

  it("arrives unchanged", async () => {
    const server = await rawServer(always(200, { ok: true }));
    const body = JSON.stringify({ step: 1, note: "é".repeat(MEBIBYTE) });
    const backend = backendApi(server);
    expect(await attempt(backend, deadlineOf(20_000), body)).toEqual(OK);
    expect(await backend.send("logStepMetric", { run_id: "r" }, Buffer.from(body), "k", deadlineOf(20_000))).toEqual(
      OK,
    );
    expect(server.requests.map(({ text }) => text === body)).toEqual([true, true]);
    expect(server.requests[0]?.headers["content-length"]).toBe(String(Buffer.byteLength(body)));
    expect(server.requests[0]?.headers["transfer-encoding"]).toBeUndefined();
  });

  it.each([
    [false, OK],
    [true, { kind: "unavailable", evidence: "timeout" }],
  ])("restarts the timeout with each part sent, unless a call waits for it (%s)", async (isAwaited, expected) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const bytes = Buffer.byteLength(large);
    // 500 pieces and more take 2,500 ms and more; what the system keeps in its buffers takes less than 1,000 ms.
    const server = await slowReader((socket, taken) => {
      vi.advanceTimersByTime(5);
      if (taken >= bytes) socket.write(onTheWire({ ok: true }));
    });
    expect(await attempt(backendApi(server), deadlineOf(1_000, isAwaited), large)).toMatchObject(expected);
  });

  it.each([
    ["a reset", (socket: Socket) => socket.resetAndDestroy()],
    ["a close", (socket: Socket) => socket.destroy()],
  ])("that %s stops partway is distinguished from one that was sent", async (_, end) => {
    const server = await slowReader((socket) => end(socket));
    const outcome = await attempt(backendApi(server), deadlineOf(20_000), large);
    expect(outcome).toMatchObject({ kind: "unavailable", evidence: "connection", isUploadCut: true });
    const small = await attempt(backendApi(server), deadlineOf(20_000));
    expect(small).toMatchObject({ kind: "unavailable", evidence: "connection" });
    expect(small).not.toHaveProperty("isUploadCut");
  });

  it("that was sent completely is not retried, even if its connection breaks", async () => {
    const body = JSON.stringify({ step: 1, note: "x".repeat(200_000) });
    const server = await byteServer((socket) => socket.resetAndDestroy());
    const outcome = await attempt(backendApi(server), deadlineOf(20_000), body);
    expect(outcome).toMatchObject({ kind: "unavailable", evidence: "connection" });
    expect(outcome).not.toHaveProperty("isUploadCut");
  });

  it("that is rejected before its end is a rejection", async () => {
    const server = await slowReader((socket) => {
      socket.write("HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\n\r\n");
    });
    const outcome = await attempt(backendApi(server), deadlineOf(20_000), large);
    expect(outcome).toMatchObject({ kind: "rejected", failure: { status: 413 } });
  });
});

describe("closing a client", () => {
  it("aborts requests in flight, and later requests say why they are not sent", async () => {
    const server = await rawServer(() => {});
    const backend = backendApi(server);
    const pending = attempt(backend);
    await until(() => server.requests.length === 1);
    await backend.close();
    const closed = { kind: "unavailable", evidence: "client", reason: "the client is closed" };
    expect(await pending).toEqual(closed);
    expect(await attempt(backend)).toEqual(closed);
    await backend.close();
  });
});

/** Runs a module in a Node of its own, with this package at hand. */
async function moduleRun(source: string, more: { readonly limit?: number; readonly args?: readonly string[] } = {}) {
  const args = [...(more.args ?? []), "--input-type=module", "-e", source];
  const line = ["-c", `ulimit -n ${more.limit ?? 1024}; exec "$@"`, "bash", process.execPath, ...args];
  return run("bash", line).ended;
}

const client = (url: string, options = ""): string => `
  import { DashboardClient } from "${pathToFileURL(built("src/index.ts"))}";
  const client = new DashboardClient({ baseUrl: ${JSON.stringify(url)}, apiKey: "k", projectId: "p",
    logDir: ${JSON.stringify(join(temporaryFolder(), "mirror"))}, ${options} });`;

describe("a process that may open 200 files", () => {
  it("sends 128 rows at once", async () => {
    const server = await rawServer(always(200, { ok: true }));
    const { stdout, stderr } = await moduleRun(
      `${client(server.url, "concurrency: 128")}
      const rows = Array.from({ length: 128 }, (_, step) => client.logStepMetric("r", { step, loss: 1 }));
      await Promise.all(rows);
      const { delivered, pending } = await client.close();
      console.log(delivered, pending);`,
      { limit: 200 },
    );
    expect(stdout, stderr).toBe("128 0\n");
    expect(server.connections()).toBeLessThanOrEqual(50);
  });
});

describe("without undici installed", () => {
  it.each([
    ["that cannot be loaded", "throw new Error('Dynamic require of \"node:assert\" is not supported')"],
    ["whose pool cannot dispatch", "export class Pool {}"],
  ])("(one %s) the runtime's fetch is used", async (_, replacement) => {
    const hooks = `export async function load(url, context, next) {
      return /undici\\/index\\.js$/.test(url)
        ? { format: "module", source: ${JSON.stringify(replacement)}, shortCircuit: true }
        : next(url, context);
    }`;
    const register = `import { register } from "node:module";
      register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});`;
    const server = await rawServer(always(200, { ok: true }));
    const { stdout, stderr } = await moduleRun(
      `${client(server.url)}
      console.log(await client.logStepMetric("r", { step: 1, loss: 1 }), (await client.close()).delivered);`,
      { args: ["--import", `data:text/javascript,${encodeURIComponent(register)}`] },
    );
    expect(stdout, stderr).toBe("{ ok: true } 1\n");
    // Node's own fetch says so; the pool sends no such header.
    expect(server.requests[0]?.headers["sec-fetch-mode"]).toBe("cors");
  });
});

it("a client with the caller's fetch has no connections to close", async () => {
  const offered = clientOf({ url: "http://host" }, { fetch: async () => Response.json({ ok: true }) });
  await offered.logStepMetric("r", { step: 1, loss: 1 });
  expect(await offered.close()).toMatchObject({ delivered: 1, pending: 0 });
});
