import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { backend, clientFor, runOf, written } from "./support/backend.js";
import { differences, NONE } from "./support/compare.js";
import { prediction } from "./support/predictions.js";

describe("a 409", () => {
  it("on a key's first attempt is a rejection", async () => {
    const server = await backend();
    const client = clientFor(server, temporaryFolder());
    const { runId } = await runOf(client);
    server.failNext({ status: 409 });
    await expect(client.logStepMetric(runId, { step: 1, loss: 1 })).rejects.toMatchObject({
      status: 409,
      pending: false,
    });
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 1 });
  });

  it("on a repeat means that the first attempt may be in progress: it is tried again", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir);
    const { experimentId, runId } = await runOf(client);
    const afterALostResponse = async (call: () => Promise<unknown>, path: RegExp) => {
      const before = written(server, path).length;
      server.failNext({ status: 503, headers: { "retry-after": "0" } });
      server.failNext({ status: 409, headers: { "retry-after": "0" } });
      await call();
      expect(await client.flush({ timeoutMs: 20_000 })).toMatchObject({ pending: 0, rejected: 0 });
      expect(written(server, path)).toHaveLength(before + 1);
    };
    await afterALostResponse(() => client.logStepMetric(runId, { step: 1, loss: 1 }), /metrics/);
    await afterALostResponse(() => client.updateRun(runId, { status: "completed" }), /runs\/[^/]+\/$/);
    await afterALostResponse(() => client.createRun({ experiment_id: experimentId, seed: 2 }), /runs\/$/);
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("that never ends is a rejection in the end", async () => {
    const server = await backend();
    const client = clientFor(server, temporaryFolder(), { maxRetries: 0 });
    const { runId } = await runOf(client);
    server.failNext({ status: 503 });
    server.failNext({ status: 409, times: Number.POSITIVE_INFINITY });
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    while (client.status().rejected === 0) await client.flush();
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 1 });
  });
});

describe("a 2xx response", () => {
  it("without a body is no acknowledgement, and says what is missing; the write waits for its own backoff", async () => {
    const server = await backend();
    const client = clientFor(server, temporaryFolder(), { maxRetries: 0 });
    const { runId } = await runOf(client);
    server.failNext({ status: 202, body: "", times: Number.POSITIVE_INFINITY, match: "/metrics/" });
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    expect(client.status().failing).toMatchObject([{ write: "metrics", reason: expect.stringContaining("202") }]);
    const before = server.requests.length;
    await client.flush({ timeoutMs: 1_500 });
    expect(server.requests.length - before).toBeLessThan(10);
  });

  it("that took fewer predictions than were sent is warned of once, with both numbers", async () => {
    const [server, logger] = [await backend(), recordingLogger()];
    const client = clientFor(server, temporaryFolder(), { logger });
    const { runId } = await runOf(client);
    server.failNext({ status: 200, body: { ok: true, inserted: 1 }, times: 2 });
    for (const name of ["a", "b"]) await client.logPredictions(runId, [prediction(name), prediction(`${name}2`)]);
    expect(logger.of("warn")).toEqual([expect.stringMatching(/inserted 1 of 2 predictions/)]);
  });
});
