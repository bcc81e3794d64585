import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { until } from "../support/until.js";
import { backend, clientFor, runOf } from "./support/backend.js";

const MODES = ["await", "background"] as const;
const ALWAYS = Number.POSITIVE_INFINITY;

describe.each(MODES)("the circuit, delivery %s", (delivery) => {
  it("stays closed after two consecutive failed writes, and opens after three", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { delivery, maxRetries: 0 });
    const { runId } = await runOf(client);
    await client.flush({ timeoutMs: 10_000 });
    server.failNext({ status: 500, times: ALWAYS, match: "/metrics/" });
    for (const step of [1, 2]) {
      await client.logStepMetric(runId, { step, loss: 1 });
      await until(() => client.status().failing?.length !== undefined);
    }
    await client.flush();
    expect(client.status()).toMatchObject({ remote: "up", pending: 2 });
    await client.logStepMetric(runId, { step: 3, loss: 1 });
    await until(() => client.status().remote === "down");
    expect(client.status()).toEqual({ remote: "down", pending: 3, rejected: 0 });
  });

  it("opens at the first failure of a backend that has accepted nothing yet", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { delivery, maxRetries: 0 });
    server.failNext({ status: 500, times: ALWAYS });
    await client.createExperiment({ experiment_name: "experiment" });
    await until(() => client.status().remote === "down");
    expect(server.requests).toHaveLength(1);
  });

  it("opens at once without a connection", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { delivery, maxRetries: 0 });
    const { runId } = await runOf(client);
    await client.flush({ timeoutMs: 10_000 });
    await server.stop();
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    await until(() => client.status().remote === "down");
    expect(client.status()).toEqual({ remote: "down", pending: 1, rejected: 0 });
  });

  it("is not opened by post() to a failing route, however often", async () => {
    const [logDir, server, logger] = [temporaryFolder(), await backend(), recordingLogger()];
    const client = clientFor(server, logDir, { delivery, maxRetries: 0, logger });
    const { runId } = await runOf(client);
    await client.flush({ timeoutMs: 10_000 });
    server.failNext({ status: 500, times: 3, match: "/sdk/broken/" });
    server.failNext({ reset: true, times: 8, match: "/sdk/broken/" });
    for (let n = 0; n < 7; n += 1) {
      await client.post("/sdk/broken/", { n }).catch(() => {});
      expect(client.status().remote).toBe("up");
    }
    expect(server.requests.filter(({ path }) => path === "/sdk/broken/").length).toBeGreaterThanOrEqual(7);
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    expect(await client.flush({ timeoutMs: 10_000 })).toMatchObject({ pending: 0 });
    expect(logger.of("warn")).toEqual([]);
  });
});
