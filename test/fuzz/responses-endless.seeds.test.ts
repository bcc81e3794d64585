import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DashboardClient, DashboardClientOptions } from "../../src/index.js";
import { clientOf, mockServer } from "../support/clients.js";
import { freshFetch } from "./support/fresh-fetch.js";
import { settled } from "./support/outcome.js";
import { checkProperty, PROPERTY_TIMEOUT_MS } from "./support/properties.js";
import { type Script, scriptedServer } from "./support/scripted-server.js";

const MEBIBYTE = 1024 * 1024;
/** Far beyond any timeout in this file. */
const GUARD_MS = 30_000;

const says =
  (text: string): Script =>
  (socket) =>
    socket.write(text);

/** Writes until the socket is closed. */
function endlessly(head: string, piece: string): Script {
  return async (socket) => {
    socket.write(head);
    while (!socket.destroyed) {
      if (socket.write(piece)) await turn();
      else await drained(socket);
    }
  };
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("drain", resolve).once("close", resolve));
}

const OK = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

const ENDLESS: Readonly<Record<string, Script>> = {
  "says nothing": () => {},
  "stops inside the first line": says("HTTP/1.1 2"),
  "stops inside the head": says(`${OK}X-`),
  "stops before the body": says(`${OK}Content-Length: 11\r\n\r\n`),
  "stops inside the body": says(`${OK}Content-Length: 11\r\n\r\n{"ok":`),
  "stops before the end of its pieces": says(`${OK}Transfer-Encoding: chunked\r\n\r\nb\r\n{"ok":true}\r\n`),
  "stops inside the length of a piece": says(`${OK}Transfer-Encoding: chunked\r\n\r\nb`),
  "stops before the connection ends": says(`${OK}\r\n{"ok":true}`),
  "asks to wait": says("HTTP/1.1 102 Processing\r\n\r\n"),
  "asks to wait for ever": endlessly("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
  "has a body of spaces without end": endlessly(`${OK}Transfer-Encoding: chunked\r\n\r\n`, "1\r\n \r\n"),
};

/** The settled call. Fails if it has not settled. */
async function ended(call: () => Promise<unknown>): Promise<unknown> {
  const guard = new AbortController();
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new Error("The call has not ended.")), GUARD_MS);
    guard.signal.addEventListener("abort", () => clearTimeout(timer));
  });
  const outcome = await Promise.race([settled(call), late]).finally(() => guard.abort());
  if ("error" in outcome) throw outcome.error;
  return outcome.result;
}

/** A scripted server, its client, and the real server that replaces it later. */
async function fronted(timeoutMs: number, options: DashboardClientOptions = {}) {
  const [scripted, server] = [await scriptedServer(), await mockServer()];
  const setup = clientOf(server);
  const experiment = await setup.createExperiment({ experiment_name: "iris" });
  const { id: runId } = await setup.createRun({ experiment_id: experiment.id });
  return { scripted, server, runId, client: clientOf(scripted, { timeoutMs, maxRetries: 0, ...options }) };
}

const logStep = (client: DashboardClient, runId: string) => () => client.logStepMetric(runId, { step: 1, loss: 1 });

describe("a server that", () => {
  it.each(Object.entries(ENDLESS))(
    "%s counts as unavailable after timeoutMs, and receives the row later",
    async (_, script) => {
      const { scripted, server, client, runId } = await fronted(100);
      scripted.run(script);
      expect(await ended(logStep(client, runId))).toEqual({ ok: true });
      expect(scripted.responses()).toBeLessThan(2);
      expect(client.status()).toEqual({ remote: "down", pending: 1, rejected: 0 });
      scripted.forwardTo(server.port);
      expect(await client.flush({ timeoutMs: GUARD_MS })).toMatchObject({ delivered: 1, pending: 0 });
      expect(server.metrics).toMatchObject([{ run_id: runId, step: 1 }]);
    },
  );
});

const HUGE_BYTES = 200 * MEBIBYTE;
/** The maximum size of the buffers on both sides when reading stops. */
const BUFFERED_MIB = 24;

describe.each(["our own requests", "a fetch of the caller's"])("a response of 200 MiB to %s", (way) => {
  it.each([
    [200, 16, { remote: "down", pending: 1, rejected: 0 }],
    [400, 0, { remote: "up", pending: 0, rejected: 1 }],
    [503, 0, { remote: "down", pending: 1, rejected: 0 }],
  ])("with status %i is read only up to %i MiB plus buffers", async (status, limit, expected) => {
    const own = freshFetch();
    const options = way === "our own requests" ? {} : { fetch: own.fetch };
    const { scripted, client, runId } = await fronted(60_000, options);
    let sent: Socket | undefined;
    scripted.run((socket) => {
      sent = socket;
      const head = `HTTP/1.1 ${status} X\r\nContent-Length: ${HUGE_BYTES}\r\n\r\n{"ok":true,"more":"`;
      endlessly(head, " ".repeat(64 * 1024))(socket);
    });
    const call = ended(logStep(client, runId));
    if (status === 400) await expect(call).rejects.toMatchObject({ name: "BadRequestError", pending: false });
    else expect(await call).toEqual({ ok: true });
    expect(client.status()).toEqual(expected);
    await new Promise<void>((resolve) => (sent?.destroyed ? resolve() : sent?.once("close", () => resolve())));
    expect((sent?.bytesWritten ?? HUGE_BYTES) / MEBIBYTE).toBeLessThan(limit + BUFFERED_MIB);
    await own.close();
  });
});

describe("a Retry-After of arbitrary text", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme-ascii" }).map((each) => each.trim()),
    fc.constantFrom("0", "0.0001", "1e3", "-1", "+1", "0x1", "Infinity", "NaN", "9".repeat(999), "1, 2", "\xa0"),
    fc.date().map((date) => (Number.isNaN(date.getTime()) ? "" : date.toUTCString())),
  );

  it("ends in time: the call is retried, or resolves from the mirror", { timeout: PROPERTY_TIMEOUT_MS }, async () => {
    const { scripted, runId } = await fronted(1);
    const property = fc.asyncProperty(text, fc.constantFrom(429, 503, 500, 408), async (retryAfter, status) => {
      const answer = `HTTP/1.1 ${status} X\r\nRetry-After: ${retryAfter}\r\nContent-Length: 0\r\n\r\n`;
      scripted.run(says(answer));
      const client = clientOf(scripted, { timeoutMs: 50, maxRetries: 1 });
      expect(await ended(logStep(client, runId))).toEqual({ ok: true });
      expect(client.status()).toEqual({ remote: "down", pending: 1, rejected: 0 });
      await client.close({ timeoutMs: 1 });
    });
    await checkProperty(property, { few: 60, many: 3_000 });
  });
});
