import { describe, expect, it } from "vitest";
import type { DashboardClient } from "../../src/index.js";
import { temporaryFolder } from "../support/folders.js";
import { deadServer } from "../support/servers.js";
import { backend, clientFor, runOf, sync } from "./support/backend.js";
import { differences, NONE } from "./support/compare.js";
import { eventually } from "./support/eventually.js";
import { prediction } from "./support/predictions.js";

const ALL = Number.POSITIVE_INFINITY;

interface Failing {
  readonly write: string;
  readonly isMeant: (body: object) => boolean;
  readonly call: (client: DashboardClient, runId: string) => Promise<unknown>;
}

const FAILING: readonly Failing[] = [
  {
    write: "metrics",
    isMeant: (body) => Reflect.get(body, "step") === 13,
    call: (client, runId) => client.logStepMetric(runId, { step: 13, loss: 1 }),
  },
  {
    write: "evals",
    isMeant: (body) => Reflect.get(body, "model_ref") === "bad",
    call: (client, runId) => client.createEval(runId, { metrics: { a: 1 }, model_ref: "bad" }),
  },
  {
    write: "checkpoints",
    isMeant: (body) => Reflect.get(body, "uri") === "s3://bad",
    call: (client, runId) => client.addCheckpoint(runId, { uri: "s3://bad" }),
  },
  {
    write: "patch",
    isMeant: (body) => Reflect.get(body, "gpu") === "bad",
    call: (client, runId) => client.updateRun(runId, { gpu: "bad" }),
  },
  {
    write: "predictions",
    isMeant: (body) => JSON.stringify(body).includes("task-bad"),
    call: (client, runId) => client.logPredictions(runId, [prediction("task-bad"), prediction("task-bad-too")]),
  },
];

/** Fails one write for good, and takes all others. */
async function backendThatFails({ isMeant }: Pick<Failing, "isMeant">) {
  const server = await backend();
  const takeBack = server.failNext({ status: 500, times: ALL, match: ({ body }) => isMeant(Object(body)) });
  return { server, takeBack };
}

describe.each(["await", "background"] as const)("one write that always fails, delivery %s", (delivery) => {
  it.each(FAILING)("delays no other and is named: $write", async ({ write, isMeant, call }) => {
    const [logDir, { server, takeBack }] = [temporaryFolder(), await backendThatFails({ isMeant })];
    const client = clientFor(server, logDir, { delivery, maxRetries: 0 });
    const { experimentId, runId } = await runOf(client);
    await client.flush();
    await call(client, runId);
    for (let step = 0; step < 6; step += 1) {
      await client.logStepMetric(runId, { step, loss: 1 });
      expect(client.status().remote).toBe("up");
    }
    await client.updateRun(runId, { status: "completed" });
    await client.updateExperiment(experimentId, { status: "completed" });
    await eventually(() => server.experiments[0]?.status === "completed");
    expect(server.runs).toMatchObject([{ status: "completed" }]);
    expect(server.metrics).toHaveLength(6);
    await eventually(() => client.status().failing?.length === 1);
    expect(client.status()).toMatchObject({
      remote: "up",
      rejected: 0,
      failing: [{ write, of: `run ${runId}`, reason: expect.stringContaining("HTTP 500") }],
    });
    takeBack();
    expect(await client.close({ timeoutMs: 20_000 })).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe("a sync", () => {
  it.each(FAILING)(
    "delivers everything but the one write that always fails: $write",
    async ({ write, isMeant, call }) => {
      const [logDir, { server }] = [temporaryFolder(), await backendThatFails({ isMeant })];
      const writer = clientFor(server, logDir, { offline: true });
      const { runId } = await runOf(writer);
      await call(writer, runId);
      await writer.logStepMetric(runId, { step: 1, loss: 1 });
      await writer.updateRun(runId, { status: "completed" });
      await writer.close();
      const report = await sync(server, logDir, { maxRetries: 0 });
      expect(report).toMatchObject({ pending: write === "predictions" ? 2 : 1, rejected: 0 });
      expect(report.blocked).toContain(`${write} of run `);
      expect(report.blocked).toContain("HTTP 500");
      expect(server.runs).toMatchObject([{ status: "completed" }]);
      expect(server.metrics).toContainEqual(expect.objectContaining({ step: 1 }));
    },
  );
});

describe("a patch that always fails", () => {
  it("holds back later patches of the same field alone", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const takeBack = server.failNext({ status: 500, times: ALL, match: ({ body }) => Object(body).gpu === "first" });
    const client = clientFor(server, logDir, { maxRetries: 0 });
    const { runId } = await runOf(client);
    await client.updateRun(runId, { gpu: "first" });
    await client.updateRun(runId, { gpu: "second" });
    await client.updateRun(runId, { note: "other" });
    expect(server.runs).toMatchObject([{ note: "other" }]);
    expect(server.runs[0]).not.toHaveProperty("gpu");
    takeBack();
    expect(await client.close({ timeoutMs: 20_000 })).toMatchObject({ pending: 0 });
    expect(server.runs).toMatchObject([{ gpu: "second", note: "other" }]);
  });
});

describe("the circuit", () => {
  it("is not opened by post() to a route that fails", async () => {
    const server = await backend();
    const client = clientFor(server, temporaryFolder(), { maxRetries: 0 });
    await runOf(client);
    server.failNext({ status: 500, times: ALL, match: "/custom/" });
    for (let times = 0; times < 5; times += 1) expect(await client.post("/custom/", {})).toBeNull();
    expect(client.status().remote).toBe("up");
  });

  it("opens when three writes in a row fail", async () => {
    const server = await backend();
    const client = clientFor(server, temporaryFolder(), { maxRetries: 0 });
    const { runId } = await runOf(client);
    server.failNext({ status: 500, times: ALL });
    const remotes: string[] = [];
    for (let step = 0; step < 3; step += 1) {
      await client.logStepMetric(runId, { step, loss: 1 });
      remotes.push(client.status().remote);
    }
    expect(remotes).toEqual(["up", "up", "down"]);
  });

  it("opens at the first failure of a backend that has taken nothing yet", async () => {
    const server = await backend();
    server.failNext({ status: 500, times: ALL });
    const client = clientFor(server, temporaryFolder(), { maxRetries: 0 });
    await client.createExperiment({ experiment_name: "x" });
    expect(client.status().remote).toBe("down");
  });

  it("opens at once without a connection", async () => {
    const client = clientFor(await deadServer(), temporaryFolder(), { maxRetries: 0 });
    await client.createExperiment({ experiment_name: "x" });
    expect(client.status()).toEqual({ remote: "down", pending: 1, rejected: 0 });
  });
});
