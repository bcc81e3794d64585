import { describe, expect, it } from "vitest";
import { DashboardClient, EvsysError } from "../../src/index.js";
import { API_KEY, clientOf, collected, failureOf, mockServer, PROJECT_ID, runOnServer } from "../support/clients.js";
import { EVAL, PREDICTION } from "../support/writes.js";

describe("a closed client", () => {
  it("rejects every write with a hint, and sends nothing", async () => {
    const { client, runId, experimentId, requests } = await runOnServer();
    await client.close();
    const calls = [
      () => client.createExperiment({ experiment_name: "x" }),
      () => client.updateExperiment(experimentId, { plan: "p" }),
      () => client.createRun({ experiment_id: experimentId }),
      () => client.updateRun(runId, { gpu: "H100" }),
      () => client.logStepMetric(runId, { step: 1, loss: 1 }),
      () => client.createEval(runId, EVAL),
      () => client.addCheckpoint(runId, { uri: "u" }),
      () => client.logPredictions(runId, [PREDICTION]),
      () => client.post("/sdk/runs/", {}),
      () => client.withRun({ experiment_name: "x" }, () => {}),
    ];
    for (const call of calls) {
      const error = await failureOf(call);
      expect(error).toBeInstanceOf(EvsysError);
      expect(error).toMatchObject({ name: "EvsysError", message: expect.stringMatching(/closed/) });
    }
    expect(requests()).toEqual([]);
    expect(await collected(client.local.metrics(runId))).toEqual([]);
  });

  it("results from `await using`", async () => {
    const server = await mockServer();
    let kept: DashboardClient | undefined;
    {
      await using client = new DashboardClient({
        baseUrl: server.url,
        apiKey: API_KEY,
        projectId: PROJECT_ID,
        logDir: clientOf(server).local.root,
      });
      kept = client;
      await client.createExperiment({ experiment_name: "x" });
    }
    expect(server.experiments).toHaveLength(1);
    expect(await failureOf(() => kept.createExperiment({ experiment_name: "y" }))).toBeInstanceOf(EvsysError);
    expect(server.experiments).toHaveLength(1);
  });

  it("has completed the calls in flight", async () => {
    const { client, server, runId } = await runOnServer({}, { latencyMs: 30 });
    const calls = Array.from({ length: 5 }, (_, step) => client.logStepMetric(runId, { step, loss: 1 }));
    const report = await client.close();
    expect(await Promise.all(calls)).toHaveLength(5);
    expect(server.metrics).toHaveLength(5);
    expect(report).toMatchObject({ delivered: 7, pending: 0, rejected: 0 });
    expect(report.byKind).toMatchObject({
      experiments: { delivered: 1 },
      runs: { delivered: 1 },
      metrics: { delivered: 5 },
    });
  });
});
