import { describe, expect, it } from "vitest";
import { type DashboardClient, EvsysValidationError } from "../../src/index.js";
import { collected, failureOf, offlineClient, runOnServer, wrong } from "../support/clients.js";
import { mirrored, pathsBelow } from "../support/folders.js";

const UNSAFE = [
  "",
  ".",
  "..",
  "a/b",
  "../x",
  "/etc",
  "a\\b",
  "a\0b",
  "line\nbreak",
  "x".repeat(300),
  undefined,
  null,
  7,
  {},
];

const calls: readonly (readonly [string, string, (client: DashboardClient, id: never) => unknown])[] = [
  ["updateExperiment", "experiment_id", (c, id) => c.updateExperiment(id, { plan: "p" })],
  ["updateRun", "run_id", (c, id) => c.updateRun(id, { gpu: "H100" })],
  ["logStepMetric", "run_id", (c, id) => c.logStepMetric(id, { step: 1, loss: 1 })],
  ["createEval", "run_id", (c, id) => c.createEval(id, { metrics: { a: 1 } })],
  ["addCheckpoint", "run_id", (c, id) => c.addCheckpoint(id, { uri: "u" })],
  [
    "logPredictions",
    "run_id",
    (c, id) => c.logPredictions(id, [{ kind: "eval", instruction: "i", model_output: "o" }]),
  ],
];

describe.each(calls)("%s", (_method, field, call) => {
  it.each(UNSAFE)("rejects the id %j: nothing is sent or mirrored", async (id) => {
    const { client, requests } = await runOnServer();
    const before = mirrored(client.local.root);
    const error = await failureOf(() => call(client, wrong(id)));
    expect(error).toBeInstanceOf(EvsysValidationError);
    expect(error).toMatchObject({ issues: [{ field }] });
    expect(requests()).toEqual([]);
    expect(mirrored(client.local.root)).toEqual(before);
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
  });
});

describe("the readers of the mirror", () => {
  it.each(UNSAFE)("reject the id %j", async (id) => {
    const { local } = offlineClient();
    const readers: ((id: never) => unknown)[] = [
      (each) => local.experiment(each),
      (each) => local.run(each),
      (each) => collected(local.metrics(each)),
      (each) => collected(local.evals(each)),
      (each) => collected(local.checkpoints(each)),
      (each) => collected(local.predictions(each)),
    ];
    for (const read of readers) expect(await failureOf(() => read(wrong(id)))).toBeInstanceOf(EvsysValidationError);
  });
});

it("an id may contain any safe characters and stays inside the mirror", async () => {
  const client = offlineClient();
  for (const id of ["...", "-rf", "ü ?#%", "a:b", "x".repeat(200), "__proto__", "CON"]) {
    await client.logStepMetric(id, { step: 1, loss: 1 });
    expect(await collected(client.local.metrics(id))).toEqual([{ step: 1, split: "train", metrics: { loss: 1 } }]);
    expect(pathsBelow(client.local.root)).toContain(`generations/${id}/metrics.jsonl`);
  }
});
