import { describe, expect, it } from "vitest";
import type { DashboardClient } from "../../src/index.js";
import { clientOf, collected, mockServer, runOnServer, UUID } from "../support/clients.js";
import { mirrored, pathsBelow } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { always, deadServer, rawServer } from "../support/servers.js";

/** Responses after which the write may not have arrived. */
const UNAVAILABLE: readonly (readonly [string, ReturnType<typeof always>])[] = [
  ["an empty 200", always(200)],
  ["an empty 200 that says it is JSON", always(200, "", { "content-type": "application/json" })],
  ["HTML with 200", always(200, "<html>Please log in</html>", { "content-type": "text/html" })],
  ["truncated JSON", always(201, '{"experiment":{"id":"e1"},"ok":tr', { "content-type": "application/json" })],
  ["204", always(204)],
  ["JSON without what is promised", always(200, { hello: "world" })],
  ["JSON that is no object", always(200, "null", { "content-type": "application/json" })],
  ["ok: false", always(200, { ok: false, experiment: {}, run: {} })],
  ["an id that is a number", always(201, { experiment: { id: 7 }, run: { id: 7 } })],
  ["an id that is empty", always(201, { experiment: { id: "" }, run: { id: "" } })],
  ["500 with HTML", always(500, "<html><h1>Internal Server Error</h1></html>", { "content-type": "text/html" })],
  ["an empty 502", always(502)],
  ["503 with JSON", always(503, { detail: "restarting" })],
  ["408", always(408, { detail: "too slow" })],
  ["425", always(425)],
  ["429", always(429, { detail: "too many" })],
  ["a reset connection", (_, response) => response.socket?.resetAndDestroy()],
  [
    "a connection that ends inside the answer",
    (_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
      response.write('{"ok":true', () => response.destroy());
    },
  ],
  ["no HTTP at all", (_, response) => response.socket?.end("SSH-2.0-OpenSSH_9.6\r\n")],
];

/** The call resolves from the mirror, the write is pending, and one line says why. */
async function worksLocally(client: DashboardClient, logger: ReturnType<typeof recordingLogger>): Promise<void> {
  const row = await client.createExperiment({ experiment_name: "iris" });
  expect(row).toEqual({ experiment_name: "iris", project_id: client.projectId, id: expect.stringMatching(UUID) });
  expect(client.local.experiment(row.id)).toMatchObject({ id: row.id, experiment_name: "iris" });
  expect(client.status()).toEqual({ remote: "down", pending: 1, rejected: 0 });
  expect(await client.logStepMetric("run-1", { step: 1, loss: 1 })).toEqual({ ok: true });
  expect(await collected(client.local.metrics("run-1"))).toHaveLength(1);
  expect(client.status()).toMatchObject({ pending: 2, rejected: 0 });
  expect(logger.of("warn")).toHaveLength(1);
  expect(logger.of("warn")[0]).toContain(client.baseUrl);
  expect(logger.of("error")).toEqual([]);
}

describe("a call resolves from the mirror", () => {
  it.each(UNAVAILABLE)("after %s", async (_name, respond) => {
    const server = await rawServer(respond);
    const logger = recordingLogger();
    await worksLocally(clientOf(server, { maxRetries: 0, logger }), logger);
    expect(server.requests.length).toBeGreaterThan(0);
  });

  it("when timeoutMs expires because the server never responds", async () => {
    const server = await rawServer(() => {});
    const logger = recordingLogger();
    await worksLocally(clientOf(server, { timeoutMs: 60, logger }), logger);
    expect(server.requests.length).toBeLessThan(2);
  });

  it("when timeoutMs expires because the response never ends", async () => {
    const server = await rawServer((_, response) => {
      response.writeHead(201, { "content-type": "application/json" });
      response.write('{"experiment":{"id":"e1"}');
    });
    const logger = recordingLogger();
    await worksLocally(clientOf(server, { timeoutMs: 60, logger }), logger);
  });

  it("when timeoutMs expires because the caller's fetch ignores the signal", async () => {
    const logger = recordingLogger();
    const fetch = () => new Promise<Response>(() => {});
    await worksLocally(clientOf({ url: "https://host" }, { timeoutMs: 60, fetch, logger }), logger);
  });

  it("if nothing listens at the URL", async () => {
    const logger = recordingLogger();
    await worksLocally(clientOf(await deadServer(), { maxRetries: 0, logger }), logger);
  });

  it("if the host name is unknown", async () => {
    const logger = recordingLogger();
    await worksLocally(clientOf({ url: "https://no-such-host.invalid" }, { maxRetries: 0, logger }), logger);
  });

  it("for every kind of row", async () => {
    const { client, server, runId, experimentId } = await runOnServer({ maxRetries: 0 });
    server.failNext({ status: 429, times: Number.POSITIVE_INFINITY });
    expect((await client.createEval(runId, { metrics: { a: 1 } })).id).toMatch(UUID);
    expect((await client.addCheckpoint(runId, { uri: "u" })).id).toMatch(UUID);
    const prediction = { kind: "eval", instruction: "i", model_output: "o" } as const;
    expect(await client.logPredictions(runId, [prediction, prediction])).toEqual({ ok: true, inserted: 2 });
    expect(await client.updateRun(runId, { gpu: "H100" })).toEqual({ id: runId, patched: ["gpu"] });
    const patched = await client.updateExperiment(experimentId, { plan: "p" });
    expect(patched).toEqual({ experiment_id: experimentId, patched: ["plan"] });
    expect(client.status()).toEqual({ remote: "down", pending: 6, rejected: 0 });
    expect(client.local.run(runId)).toMatchObject({ gpu: "H100" });
    expect(client.local.experiment(experimentId)).toMatchObject({ plan: "p" });
  });
});

it("a response with unknown fields and another 2xx status is a success", async () => {
  const server = await mockServer();
  const client = clientOf(server);
  server.failNext({ status: 200, body: { experiment: { id: "e-1", more: [1] }, trace: "t" } });
  expect(await client.createExperiment({ experiment_name: "x" })).toMatchObject({ id: "e-1", more: [1] });
  server.failNext({ status: 202, body: { ok: true, queued: true } });
  expect(await client.logStepMetric("r-1", { step: 1, loss: 1 })).toMatchObject({ ok: true });
  expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
});

describe("a redirect", () => {
  it.each([301, 302, 303, 307, 308])(
    "%i is not followed; its target is named and the row stays pending",
    async (status) => {
      const elsewhere = await rawServer(always(200, { ok: true }));
      const server = await rawServer(always(status, "moved", { location: `${elsewhere.url}/login` }));
      const client = clientOf(server);
      await expect(client.logStepMetric("run-1", { step: 1, loss: 1 })).rejects.toMatchObject({
        name: "DashboardClientError",
        status,
        pending: true,
        message: expect.stringContaining(`${elsewhere.url}/login`),
      });
      expect(elsewhere.requests).toEqual([]);
      expect(server.requests).toHaveLength(1);
      expect(client.status()).toMatchObject({ pending: 1, rejected: 0 });
      expect(await collected(client.local.metrics("run-1"))).toHaveLength(1);
    },
  );

  it("is not followed with the caller's fetch either", async () => {
    const elsewhere = await rawServer(always(200, { ok: true }));
    const server = await rawServer(always(307, "", { location: elsewhere.url }));
    const client = clientOf(server, { fetch: (url, init) => fetch(url, init) });
    await expect(client.logStepMetric("run-1", { step: 1, loss: 1 })).rejects.toMatchObject({ status: 307 });
    expect(elsewhere.requests).toEqual([]);
  });

  it("without a Location header throws too", async () => {
    const client = clientOf(await rawServer(always(302)));
    await expect(client.updateRun("run-1", { gpu: "H100" })).rejects.toMatchObject({ status: 302, pending: true });
  });
});

describe("an unsafe id from the backend", () => {
  it.each(["../escaped", "..", ".", "a/escaped", "/escaped", "a\\escaped", "escaped\u0000", "x".repeat(5000)])(
    "%j is not used as a folder name",
    async (id) => {
      const server = await rawServer(always(201, { experiment: { id }, run: { id } }));
      const client = clientOf(server, { maxRetries: 0 });
      const parent = `${client.local.root}/..`;
      const created = [
        await client.createExperiment({ experiment_name: "x" }).catch(() => undefined),
        await client.createRun({ experiment_id: "e" }).catch(() => undefined),
      ];
      for (const row of created) expect(row === undefined || UUID.test(row.id)).toBe(true);
      const layout = /^mirror\/(experiments|generations)\/[^./\\][^/\\]{0,199}\/(experiment|generation)\.json$/;
      const documents = mirrored(client.local.root).map((path) => `mirror/${path}`);
      expect(documents.filter((path) => !layout.test(path))).toEqual([]);
      const escaped = pathsBelow(parent).filter((path) => /escaped|xxx/.test(path));
      expect(escaped).toEqual([]);
    },
  );
});
