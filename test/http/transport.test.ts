import { describe, expect, it } from "vitest";
import { program } from "../support/children.js";
import { API_KEY, clientOf, failureOf, runOnServer } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { always, rawServer } from "../support/servers.js";
import { until } from "../support/until.js";

const MEBIBYTE = 1024 * 1024;

/** A server with responses of 50 MB; it counts the bytes that the client read of the last one. */
async function endlessServer(status: number) {
  let [written, responses, isOver] = [0, 0, false];
  const piece = Buffer.alloc(MEBIBYTE, "x");
  const server = await rawServer((_, response) => {
    [written, isOver] = [0, false];
    responses += 1;
    response.writeHead(status, { "content-type": "application/json" });
    response.write('{"ok":true,"detail":"long-winded: ');
    const write = (): void => {
      while (written < 50 * MEBIBYTE && !response.destroyed) {
        written += piece.length;
        if (!response.write(piece)) return;
      }
      if (!response.destroyed) response.end('"}');
    };
    response.on("drain", write);
    response.on("close", () => {
      isOver = true;
    });
    write();
  });
  return { url: server.url, written: () => written, answers: () => responses, isOver: () => isOver };
}

describe("a response of 50 MB", () => {
  it("is read only in part if it is an error", async () => {
    const server = await endlessServer(400);
    const error = await failureOf(() => clientOf(server).createRun({ experiment_id: "e" }));
    await until(server.isOver);
    expect(error).toMatchObject({ name: "BadRequestError", status: 400 });
    expect(String(error)).toContain("long-winded");
    expect(String(error).length).toBeLessThan(300);
    // What the system's buffers take in is not ours to say; it is a small part of the whole.
    expect(server.written()).toBeLessThan(20 * MEBIBYTE);
    const { body } = error as { body?: unknown };
    expect(JSON.stringify(body).length).toBeLessThan(MEBIBYTE);
  });

  it("is not read to its end if it is a 500, and the call resolves", async () => {
    const server = await endlessServer(500);
    const client = clientOf(server, { maxRetries: 0 });
    expect(await client.logStepMetric("r", { step: 1, loss: 1 })).toEqual({ ok: true });
    await until(server.isOver);
    expect(server.written()).toBeLessThan(20 * MEBIBYTE);
    expect(client.status()).toMatchObject({ pending: 1 });
  });

  it("is not read to its end if it is a success, and the call resolves", async () => {
    const server = await endlessServer(200);
    const client = clientOf(server, { maxRetries: 0 });
    expect(await client.logStepMetric("r", { step: 1, loss: 1 })).toMatchObject({ ok: true });
    await until(server.isOver);
    expect(server.written()).toBeLessThan(50 * MEBIBYTE);
    expect(server.answers()).toBe(1);
  });

  it("is read only in part with the caller's fetch", async () => {
    const server = await endlessServer(422);
    const client = clientOf(server, { fetch: (url, init) => fetch(url, init) });
    const error = await failureOf(() => client.createRun({ experiment_id: "e" }));
    await until(server.isOver);
    expect(error).toMatchObject({ name: "UnprocessableEntityError" });
    expect(server.written()).toBeLessThan(20 * MEBIBYTE);
  });
});

describe("connections", () => {
  it("are reused by consecutive writes", async () => {
    const server = await rawServer(always(200, { ok: true }));
    const client = clientOf(server);
    for (let step = 0; step < 20; step += 1) await client.logStepMetric("r", { step, loss: 1 });
    expect(server.requests).toHaveLength(20);
    expect(server.connections()).toBeLessThan(5);
  });

  it("do not keep a process alive if the client is not closed", async () => {
    const server = await rawServer(always(200, { ok: true }));
    const { ended } = program("log-rows.ts", [server.url, temporaryFolder(), "5", "forget"]);
    expect(await ended).toMatchObject({ code: 0, stdout: expect.stringContaining("last line of the program") });
    expect(server.requests).toHaveLength(5);
  });

  it("are closed with the client", async () => {
    const { client, runId } = await runOnServer();
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    expect(await client.close()).toMatchObject({ delivered: 3, pending: 0, rejected: 0, skipped: 0 });
    expect(await client.close()).toMatchObject({ pending: 0 });
  });
});

describe("a base URL with a path", () => {
  it("precedes the path prefix", async () => {
    const server = await rawServer(always(200, { ok: true }));
    await clientOf({ url: `${server.url}/some/base/` }).logStepMetric("r", { step: 1, loss: 1 });
    expect(server.requests[0]?.path).toBe("/some/base/api/dashboard/api/sdk/runs/r/metrics/");
  });
});

describe("the caller's fetch", () => {
  it("is used for everything, with a URL and a plain init object", async () => {
    const calls: { url: string; init: RequestInit }[] = [];
    const fetch = async (url: string, init: RequestInit) => {
      calls.push({ url, init });
      return Response.json({ ok: true });
    };
    const client = clientOf({ url: "http://no-such-host.invalid" }, { fetch });
    await client.logStepMetric("r", { step: 1, loss: 1 });
    expect(calls).toHaveLength(1);
    expect(calls[0]?.url).toBe("http://no-such-host.invalid/api/dashboard/api/sdk/runs/r/metrics/");
    const headers = new Headers(calls[0]?.init.headers);
    expect(calls[0]?.init).toMatchObject({ method: "POST", redirect: "manual" });
    expect(headers.get("authorization")).toBe(`Bearer ${API_KEY}`);
    const sent: unknown = await new Response(calls[0]?.init.body).json();
    expect(sent).toEqual({ step: 1, split: "train", metrics: { loss: 1 } });
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
  });

  it("that rejects means an unavailable backend", async () => {
    const fetch = () => Promise.reject(new TypeError("fetch failed"));
    const client = clientOf({ url: "http://host" }, { fetch, maxRetries: 0 });
    expect(await client.logStepMetric("r", { step: 1, loss: 1 })).toEqual({ ok: true });
    expect(client.status()).toEqual({ remote: "down", pending: 1, rejected: 0 });
  });

  it("that throws synchronously means the same", async () => {
    const fetch = () => {
      throw new Error("not today");
    };
    const client = clientOf({ url: "http://host" }, { fetch, maxRetries: 0 });
    expect(await client.logStepMetric("r", { step: 1, loss: 1 })).toEqual({ ok: true });
    expect(client.status()).toMatchObject({ pending: 1 });
  });
});
