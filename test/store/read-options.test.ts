import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { MetricReadOptions } from "../../src/index.js";
import { collected, failureOf, offlineClient } from "../support/clients.js";
import { recordingLogger } from "../support/loggers.js";

/** A client, and a function that reads the metrics of its run as `step split {series}`. */
async function overSteps(rows: readonly { step: number; split?: "train" | "val"; metrics: Record<string, number> }[]) {
  const client = offlineClient();
  for (const row of rows) await client.logStepMetric("run-1", row);
  const read = async (options?: MetricReadOptions): Promise<string[]> => {
    const read = await collected(client.local.metrics("run-1", options));
    return read.map(({ step, split, metrics }) => `${step} ${split} ${JSON.stringify(metrics)}`);
  };
  return { client, read };
}

const STEPS = [
  { step: 1, metrics: { loss: 4, accuracy: 0.1 } },
  { step: 2, metrics: { loss: 3 } },
  { step: 2, split: "val", metrics: { loss: 5 } },
  { step: 3, metrics: { accuracy: 0.3 } },
] as const;

describe("reading metrics", () => {
  it("of one or more series omits other series and rows without any of them", async () => {
    const { read } = await overSteps(STEPS);
    expect(await read({ series: "accuracy" })).toEqual(['1 train {"accuracy":0.1}', '3 train {"accuracy":0.3}']);
    expect(await read({ series: ["accuracy", "loss"] })).toEqual(await read());
    expect(await read({ series: "toString" })).toEqual([]);
  });

  it("of one split", async () => {
    const { read } = await overSteps(STEPS);
    expect(await read({ split: "val" })).toEqual(['2 val {"loss":5}']);
    expect(await read({ split: "test" })).toEqual([]);
  });

  it("between two steps includes both", async () => {
    const { read } = await overSteps(STEPS);
    expect(await read({ from: 2, to: 2 })).toEqual(['2 train {"loss":3}', '2 val {"loss":5}']);
    expect(await read({ from: 3 })).toEqual(['3 train {"accuracy":0.3}']);
    expect(await read({ to: 1, split: "train", series: "loss" })).toEqual(['1 train {"loss":4}']);
  });

  it("with `last` gives the last value of each step and split, as a resumed run logged them", async () => {
    const { client, read } = await overSteps(STEPS);
    for (const step of [2, 3, 4]) await client.logStepMetric("run-1", { step, loss: step / 8 });
    const last = [
      '1 train {"loss":4,"accuracy":0.1}',
      '2 train {"loss":0.25}',
      '2 val {"loss":5}',
      '3 train {"accuracy":0.3,"loss":0.375}',
      '4 train {"loss":0.5}',
    ];
    expect(await read({ last: true })).toEqual(last);
    expect(await read({ last: true, from: 3, series: "loss" })).toEqual(['3 train {"loss":0.375}', last[4]]);
    expect(await read({ last: false })).toEqual(await read());
    // A reader of single values, as a notebook has it.
    const values: number[] = [];
    for await (const { metrics } of client.local.metrics("run-1", { series: "loss", split: "train", last: true })) {
      values.push(Number(metrics.loss));
    }
    expect(values).toEqual([4, 0.25, 0.375, 0.5]);
  });

  it("with `last` gives the last value of each step from the files of two writers", async () => {
    const first = offlineClient();
    const second = offlineClient({ logDir: first.local.root });
    await first.logStepMetric("run-1", { step: 1, loss: 4 });
    await second.logStepMetric("run-1", { step: 1, loss: 3 });
    await second.logStepMetric("run-1", { step: 2, loss: 2 });
    const rows = await collected(first.local.metrics("run-1", { last: true }));
    expect(rows.map(({ step, metrics }) => [step, metrics.loss])).toEqual([
      [1, 3],
      [2, 2],
    ]);
  });

  it("of another client includes rows without a split", async () => {
    const client = offlineClient();
    const folder = join(client.local.root, "generations", "run-1");
    mkdirSync(folder, { recursive: true });
    appendFileSync(join(folder, "metrics.jsonl"), '{"step": 1, "metrics": {"loss": NaN}}\n');
    expect(await collected(client.local.metrics("run-1", { split: "train", last: true }))).toEqual([
      { step: 1, metrics: { loss: Number.NaN } },
    ]);
  });

  it("stops reading when the caller stops", async () => {
    const logger = recordingLogger();
    const client = offlineClient({ logger });
    for (const step of [1, 2]) await client.logStepMetric("run-1", { step, loss: 1 });
    appendFileSync(join(client.local.root, "generations", "run-1", "metrics.jsonl"), "damaged\n");
    const read = async (options: MetricReadOptions): Promise<number> => {
      for await (const { step } of client.local.metrics("run-1", options)) return step;
      return Number.NaN;
    };
    expect(await read({ from: 2 })).toBe(2);
    expect(logger.of("warn")).toEqual([]);
    expect(await read({ from: 2, last: true })).toBe(2);
    expect(logger.of("warn")).toHaveLength(1);
  });
});

describe("the other readers", () => {
  it("read evals by series and step, and the last one of a benchmark at a step", async () => {
    const client = offlineClient();
    const log = (score: number, body: object = {}) => client.createEval("run-1", { metrics: { score, n: 7 }, ...body });
    await log(0.1, { step: 1, benchmark_id: "math" });
    await log(0.2, { step: 1, benchmark_id: "code" });
    await log(0.3, { step: 1, benchmark_id: "math" });
    await log(0.4);
    await log(0.5);
    const scores = async (options: MetricReadOptions) =>
      (await collected(client.local.evals("run-1", options))).map(({ metrics }) => metrics.score);
    expect(await scores({ last: true })).toEqual([0.3, 0.2, 0.4, 0.5]);
    expect(await scores({ from: 1, to: 1 })).toEqual([0.1, 0.2, 0.3]);
    expect((await collected(client.local.evals("run-1", { series: "n", to: 1 })))[0]?.metrics).toEqual({ n: 7 });
    expect(await scores({ series: "other" })).toEqual([]);
  });

  it("read checkpoints and predictions by step, and the last of each", async () => {
    const client = offlineClient();
    for (const [step, uri] of [
      [1, "a"],
      [2, "b"],
      [2, "c"],
    ] as const) {
      await client.addCheckpoint("run-1", { uri, step });
      const row = { kind: "rollout", instruction: "1 + 1", model_output: uri, step } as const;
      await client.logPredictions("run-1", [{ ...row, task_id: "sum" }, row]);
    }
    const uris = (await collected(client.local.checkpoints("run-1", { last: true }))).map(({ uri }) => uri);
    expect(uris).toEqual(["a", "c"]);
    expect(await collected(client.local.checkpoints("run-1", { from: 3 }))).toEqual([]);
    const outputs = async (options: object) =>
      (await collected(client.local.predictions("run-1", options))).map((row) => row.model_output);
    expect(await outputs({ to: 1 })).toEqual(["a", "a"]);
    // Without a task it is not known which rows are repeats.
    expect(await outputs({ last: true })).toEqual(["a", "a", "c", "b", "c"]);
  });
});

it("invalid options are rejected at once, by name", async () => {
  const { local } = offlineClient();
  const message = async (options: object) => String(await failureOf(() => local.metrics("run-1", options)));
  expect(await message({ from: 5, to: 3 })).toBe(
    "EvsysValidationError: metrics options: from: expected at most to, 3; got 5",
  );
  expect(await message({ serie: "loss" })).toContain("serie: unknown field; did you mean series?");
  expect(await message({ split: "validation" })).toContain('split: expected one of train, val, test, got "validation"');
  expect(await message({ series: 5 })).toContain("series: expected the name of a series, or an array of names");
});
