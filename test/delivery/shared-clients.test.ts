import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EvsysError } from "../../src/index.js";
import { collected } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { rawServer } from "../support/servers.js";
import { backend, clientFor, runOf } from "./support/backend.js";
import { differences, NONE } from "./support/compare.js";

describe("two clients of a process that share a mirror and a connection", () => {
  it("both get the backend's responses, and write to one file", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const [one, other] = [clientFor(server, logDir), clientFor(server, logDir)];
    const { runId } = await runOf(one);
    await one.logStepMetric(runId, { step: 1, loss: 1 });
    const evaluation = await other.createEval(runId, { metrics: { a: 1 } });
    await other.logStepMetric(runId, { step: 2, loss: 1 });
    expect(server.evals.map(({ id }) => id)).toEqual([evaluation.id]);
    expect((await collected(one.local.metrics(runId))).map(({ step }) => step)).toEqual([1, 2]);
    expect(readdirSync(join(logDir, "generations", runId)).filter((name) => name.startsWith("metrics"))).toEqual([
      "metrics.jsonl",
    ]);
  });

  it("each get callbacks for their own writes only", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const errors: Record<string, unknown[]> = { one: [], other: [] };
    const options = (name: string) => ({ onDeliveryError: (error: Error) => void errors[name]?.push(error) });
    const one = clientFor(server, logDir, options("one"));
    const other = clientFor(server, logDir, { ...options("other"), delivery: "background" });
    const { runId } = await runOf(one);
    server.failNext({ status: 422, match: "/evals/" });
    await other.createEval(runId, { metrics: { a: 1 } });
    await one.logStepMetric(runId, { step: 1, loss: 1 });
    expect(await other.flush()).toMatchObject({ delivered: 0, rejected: 1, pending: 0 });
    expect(await one.flush()).toMatchObject({ delivered: 3, rejected: 0, pending: 0 });
    expect(errors).toEqual({ one: [], other: [expect.objectContaining({ status: 422 })] });
    await expect(one.updateRun(runId, { status: "running" })).resolves.toMatchObject({ id: runId });
  });

  it("are independent: one continues when the other is closed", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const [one, other] = [clientFor(server, logDir), clientFor(server, logDir)];
    const { runId } = await runOf(one);
    await other.logStepMetric(runId, { step: 1, loss: 1 });
    expect(await one.close()).toMatchObject({ delivered: 2, pending: 0 });
    await other.logStepMetric(runId, { step: 2, loss: 1 });
    await expect(one.logStepMetric(runId, { step: 3, loss: 1 })).rejects.toThrow(/closed/);
    expect(await other.close()).toMatchObject({ delivered: 2, pending: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });

  it("may get the same experiment for the same name: nothing of it stays pending", async () => {
    const server = await rawServer((_, response) => {
      response.writeHead(201, { "content-type": "application/json" }).end('{"experiment":{"id":"e1"}}');
    });
    const logDir = temporaryFolder();
    const [one, other] = [clientFor(server, logDir), clientFor(server, logDir)];
    for (const client of [one, other]) await client.createExperiment({ experiment_name: "x" });
    expect(await one.flush()).toMatchObject({ delivered: 1, pending: 0 });
    expect(await other.flush()).toMatchObject({ delivered: 1, pending: 0 });
  });
});

describe("two clients of a process with different backends on one mirror", () => {
  it("are kept apart, and a run of one is rejected by the other", async () => {
    const [logDir, first, second] = [temporaryFolder(), await backend(), await backend()];
    const [one, other] = [clientFor(first, logDir), clientFor(second, logDir)];
    const [mine, theirs] = [await runOf(one), await runOf(other)];
    const error = await other.logStepMetric(mine.runId, { step: 1, loss: 1 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EvsysError);
    expect(String(error)).toMatch(/Another client of this process.*logDir/);
    await other.logStepMetric(theirs.runId, { step: 2, loss: 1 });
    expect([first.metrics.length, second.metrics.length]).toEqual([0, 1]);
  });
});
