import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { clientOf, collected, offlineClient, PROJECT_ID, runOnServer, UUID } from "../support/clients.js";
import { mirrored, temporaryFolder } from "../support/folders.js";
import { rawServer } from "../support/servers.js";
import { CHECKPOINT, EVAL, EXPERIMENT, PREDICTION, ROW_WRITES, RUN } from "../support/writes.js";

const linesOf = (path: string): unknown[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
const documentAt = (...path: string[]): unknown => JSON.parse(readFileSync(join(...path), "utf8"));

describe("the mirror folder", () => {
  it("has the documented files, with the fields as sent", async () => {
    const { client, server, experimentId, runId } = await runOnServer();
    const { root } = client.local;
    await client.logStepMetric(runId, { step: 1, split: "val", loss: 0.5, metrics: { kl: 0.1, bad: Number.NaN } });
    await client.createEval(runId, EVAL);
    await client.addCheckpoint(runId, CHECKPOINT);
    await client.logPredictions(runId, [PREDICTION, { ...PREDICTION, kind: "rollout" }]);

    expect(mirrored(root)).toEqual([
      `experiments/${experimentId}/experiment.json`,
      ...["checkpoints.jsonl", "evals.jsonl", "generation.json", "metrics.jsonl", "predictions.jsonl"].map(
        (name) => `generations/${runId}/${name}`,
      ),
    ]);
    expect(experimentId).toBe(server.experiments[0]?.id);
    const run = join(root, "generations", runId);
    const metrics = { kl: 0.1, bad: "NaN", loss: 0.5 };
    expect(linesOf(join(run, "metrics.jsonl"))).toEqual([{ step: 1, split: "val", metrics }]);
    expect(linesOf(join(run, "evals.jsonl"))).toEqual([{ id: expect.any(String), ...EVAL }]);
    expect(linesOf(join(run, "checkpoints.jsonl"))).toEqual([{ id: expect.any(String), ...CHECKPOINT }]);
    expect(linesOf(join(run, "predictions.jsonl"))).toEqual([PREDICTION, { ...PREDICTION, kind: "rollout" }]);
    for (const path of mirrored(root)) expect(readFileSync(join(root, path), "utf8").endsWith("\n")).toBe(true);
  });

  it("has documents with the fields, the id and times in seconds since the epoch", async () => {
    const { client, experimentId } = await runOnServer();
    const { root } = client.local;
    const before = Date.now() / 1000;
    const experiment = await client.createExperiment(EXPERIMENT);
    const run = await client.createRun({ experiment_id: experimentId, ...RUN });
    const after = Date.now() / 1000;
    expect(documentAt(root, "experiments", experiment.id, "experiment.json")).toEqual({
      ...EXPERIMENT,
      id: experiment.id,
      project_id: PROJECT_ID,
      _created_at: expect.any(Number),
      _updated_at: expect.any(Number),
    });
    const document = client.local.run(run.id);
    expect(documentAt(root, "generations", run.id, "generation.json")).toEqual(document);
    expect(document).toEqual({
      ...RUN,
      id: run.id,
      experiment_id: experimentId,
      _created_at: expect.any(Number),
      _updated_at: expect.any(Number),
    });
    // The file system may use another clock; a tolerance of one second still distinguishes seconds from milliseconds.
    expect(document?._created_at).toBeGreaterThan(before - 1);
    expect(document?._updated_at).toBeLessThan(after + 1);
  });

  it("merges a patch into the document: other fields and _created_at stay", async () => {
    const { client, experimentId, runId } = await runOnServer();
    const born = client.local.run(runId)?._created_at;
    await client.updateRun(runId, { status: "running", summary: { a: 1 }, gpu: "H100" });
    await client.updateRun(runId, { status: "completed", summary: { b: 2 } });
    const run = client.local.run(runId);
    expect(run).toEqual({
      id: runId,
      experiment_id: experimentId,
      status: "completed",
      summary: { b: 2 },
      gpu: "H100",
      _created_at: born,
      _updated_at: expect.any(Number),
    });
    expect(run?._updated_at).toBeGreaterThanOrEqual(born ?? Number.POSITIVE_INFINITY);
    await client.updateExperiment(experimentId, { tags: ["x"], conclusion: "" });
    expect(client.local.experiment(experimentId)).toMatchObject({
      experiment_name: "iris",
      tags: ["x"],
      conclusion: "",
    });
  });

  it("is named by the backend's ids, or by UUIDs offline", async () => {
    const client = offlineClient();
    const { id } = await client.createExperiment({ experiment_name: "x" });
    const run = await client.createRun({ experiment_id: id });
    expect([id, run.id]).toEqual([expect.stringMatching(UUID), expect.stringMatching(UUID)]);
    expect(mirrored(client.local.root)).toEqual([
      `experiments/${id}/experiment.json`,
      `generations/${run.id}/generation.json`,
    ]);
  });

  it("stays at its path when the process changes its working directory", () => {
    const folder = realpathSync(temporaryFolder());
    const client = offlineClient({ logDir: `${folder}/a/../mirror` });
    expect(client.local.root).toBe(join(folder, "mirror"));
    expect(existsSync(client.local.root)).toBe(false);
  });

  it("is accessible only to its owner", async () => {
    const { client, runId } = await runOnServer();
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    for (const path of mirrored(client.local.root)) {
      expect(statSync(join(client.local.root, path)).mode & 0o077, path).toBe(0);
    }
  });
});

describe("a row is on file before it is sent", () => {
  it.each(ROW_WRITES)("$method", async ({ call, stream }) => {
    const seen: string[] = [];
    const server = await rawServer((_, response) => {
      const path = join(client.local.root, "generations", "run-1", `${stream}.jsonl`);
      seen.push(existsSync(path) ? readFileSync(path, "utf8") : "nothing");
      response.writeHead(200, { "content-type": "application/json" }).end('{"ok":true,"inserted":2}');
    });
    const client = clientOf(server);
    await call(client, { experimentId: "e", runId: "run-1" });
    await call(client, { experimentId: "e", runId: "run-1" });
    const rows = seen.map((text) => text.split("\n").filter((line) => line !== "" && JSON.parse(line)).length);
    expect(rows).toEqual(stream === "predictions" ? [2, 4] : [1, 2]);
    expect(seen.every((text) => text.endsWith("\n"))).toBe(true);
  });

  it("and so is a patch", async () => {
    const seen: unknown[] = [];
    const server = await rawServer((_, response) => {
      seen.push(client.local.run("run-1")?.gpu);
      response.writeHead(200, { "content-type": "application/json" }).end('{"id":"run-1","patched":["gpu"]}');
    });
    const client = clientOf(server);
    await client.updateRun("run-1", { gpu: "A100" });
    await client.updateRun("run-1", { gpu: "H100" });
    expect(seen).toEqual(["A100", "H100"]);
  });
});

describe("many calls at once", () => {
  it.each(["offline", "online"])("1,000 unawaited rows are on file in order, %s", async (mode) => {
    const { client, server, runId } = await runOnServer({ offline: mode === "offline" });
    const calls = Array.from({ length: 1000 }, (_, step) => client.logStepMetric(runId, { step, loss: step / 7 }));
    await Promise.all(calls);
    const steps = (await collected(client.local.metrics(runId))).map(({ step }) => step);
    expect(steps).toEqual(Array.from({ length: 1000 }, (_, step) => step));
    await client.flush();
    expect(new Set(server.metrics.map(({ step }) => step)).size).toBe(mode === "offline" ? 0 : 1000);
    expect(server.metrics).toHaveLength(mode === "offline" ? 0 : 1000);
  });

  it("of unawaited patches the last one wins, and all fields are kept", async () => {
    const { client, runId } = await runOnServer();
    await Promise.all(Array.from({ length: 50 }, (_, n) => client.updateRun(runId, { last: n, [`field_${n}`]: n })));
    const run = client.local.run(runId);
    expect(run?.last).toBe(49);
    for (let n = 0; n < 50; n += 1) expect(run).toHaveProperty(`field_${n}`, n);
  });
});
