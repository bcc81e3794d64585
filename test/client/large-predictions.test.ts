import { describe, expect, it } from "vitest";
import { acceptPredictions } from "../../src/delivery/accept-predictions.js";
import { EvsysValidationError } from "../../src/index.js";
import { clientOf, collected, failureOf, mockServer, offlineClient, runOnServer, wrong } from "../support/clients.js";
import { mirrored } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";

const prediction = (task: number) =>
  ({ kind: "rollout", instruction: "i", model_output: "o", task_id: String(task), reward: task }) as const;
const predictions = (count: number) => Array.from({ length: count }, (_, task) => prediction(task));

it("an empty array of predictions resolves without writing or sending anything", async () => {
  const { client, runId, requests } = await runOnServer();
  const before = mirrored(client.local.root);
  expect(await client.logPredictions(runId, [])).toEqual({ ok: true, inserted: 0 });
  expect(requests()).toEqual([]);
  expect(mirrored(client.local.root)).toEqual(before);
  const run = await client.startRun({ experiment_name: "x" });
  expect(await run.logPredictions([])).toEqual({ ok: true, inserted: 0 });
  expect(await failureOf(() => client.logPredictions("../r", []))).toBeInstanceOf(EvsysValidationError);
});

describe("a batch of many predictions", () => {
  const MANY = 25_000;

  it("arrives complete and in order", async () => {
    const client = offlineClient();
    expect(await client.logPredictions("r", predictions(MANY))).toEqual({ ok: true, inserted: MANY });
    const stored = await collected(client.local.predictions("r"));
    expect(stored.map(({ task_id }) => task_id)).toEqual(predictions(MANY).map(({ task_id }) => task_id));
  });

  it("yields to the event loop, but not for a single chunk", async () => {
    expect(acceptPredictions(predictions(1_000))).not.toBeInstanceOf(Promise);
    let turns = 0;
    const count = (): void => {
      turns += 1;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    const { batches } = await acceptPredictions(predictions(MANY));
    clearImmediate(timer);
    expect(batches.map(({ rows }) => rows)).toEqual(Array(MANY / 1_000).fill(1_000));
    expect(turns).toBeGreaterThanOrEqual(MANY / 1_000 - 2);
  });

  it("yields to the event loop for a few long predictions too", async () => {
    const long = { ...prediction(1), model_output: "x".repeat(600_000) };
    const accepting = acceptPredictions(Array(4).fill(long));
    expect(accepting).toBeInstanceOf(Promise);
    const text = JSON.stringify(long);
    expect((await accepting).batches).toEqual(Array(4).fill({ text, rows: 1 }));
  });

  it("is logged as it was when passed, even if the array is changed later", async () => {
    const client = offlineClient();
    const given: object[] = predictions(MANY);
    const logging = client.logPredictions("r", wrong(given));
    given.reverse();
    given.length = 10;
    expect(await logging).toEqual({ ok: true, inserted: MANY });
    const stored = await collected(client.local.predictions("r"));
    expect(stored.map(({ task_id }) => task_id)).toEqual(predictions(MANY).map(({ task_id }) => task_id));
  });

  it("is rejected as a whole for one invalid prediction, with its path", async () => {
    const { client, runId, requests } = await runOnServer();
    const before = mirrored(client.local.root);
    const { model_output: _, ...invalid } = prediction(MANY);
    const error = await failureOf(() => client.logPredictions(runId, wrong([...predictions(MANY), invalid])));
    expect(error).toMatchObject({
      name: "EvsysValidationError",
      issues: [{ path: ["predictions", MANY, "model_output"], field: `predictions[${MANY}].model_output` }],
    });
    expect(requests()).toEqual([]);
    expect(mirrored(client.local.root)).toEqual(before);
  });

  it("is rejected with the value that was passed, not the one that would be sent", async () => {
    const given = { ...prediction(1), step: Number.NaN };
    const error = await failureOf(() => offlineClient().logPredictions("r", [given]));
    expect(String(error)).toMatch(/predictions\[0\]\.step: .*got NaN$/);
  });

  it("is rejected with a limited number of invalid predictions", async () => {
    const error = await failureOf(() => offlineClient().logPredictions("r", wrong(Array(MANY).fill({}))));
    expect(error).toBeInstanceOf(EvsysValidationError);
    expect(String(error).length).toBeLessThan(10_000);
    expect(String(error)).toContain("predictions[0].kind");
  });

  it.each(["flush", "close"] as const)("is delivered by %s while it is still being validated", async (method) => {
    const server = await mockServer();
    const client = clientOf(server);
    const { id } = await client.createExperiment({ experiment_name: "x" });
    const run = await client.createRun({ experiment_id: id });
    const logging = client.logPredictions(run.id, predictions(3_000));
    expect(await client[method]()).toMatchObject({ pending: 0 });
    expect(server.predictions).toHaveLength(3_000);
    expect(await logging).toEqual({ ok: true, inserted: 3_000 });
  });

  it("is delivered before the run is completed", async () => {
    const server = await mockServer();
    const run = await clientOf(server).startRun({ experiment_name: "x" });
    const logging = run.logPredictions(predictions(3_000));
    await run.complete();
    expect(server.predictions).toHaveLength(3_000);
    expect(await logging).toEqual({ ok: true, inserted: 3_000 });
  });

  it("causes one warning per non-finite field, and a count of all values", async () => {
    const logger = recordingLogger();
    const client = offlineClient({ logger, logLevel: "INFO" });
    const unscored = predictions(3_000).map((each) => ({ ...each, reward: Number.NaN }));
    await client.logPredictions("r", unscored);
    expect(logger.of("warn")).toHaveLength(1);
    expect(logger.of("warn")[0]).toContain("predictions.reward");
    await client.close();
    expect(logger.of("info").join()).toContain('"predictions.reward" (3000)');
  });
});
