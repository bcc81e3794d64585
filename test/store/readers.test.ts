import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { DashboardClient } from "../../src/index.js";
import { collected, failureOf, offlineClient } from "../support/clients.js";
import { recordingLogger } from "../support/loggers.js";

/** A client over a run whose metrics.jsonl holds a text. */
function overMetrics(text: string | Buffer) {
  const logger = recordingLogger();
  const client = offlineClient({ logger });
  const folder = join(client.local.root, "generations", "run-1");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "metrics.jsonl");
  writeFileSync(path, text);
  return { client, path, warnings: () => logger.of("warn"), read: () => collected(client.local.metrics("run-1")) };
}

const row = (step: number): string => JSON.stringify({ step, split: "train", metrics: { loss: step / 7 } });
const rows = (...steps: number[]): string => steps.map((step) => `${row(step)}\n`).join("");
const stepsOf = (read: { step: number }[]): number[] => read.map(({ step }) => step);

describe("reading rows", () => {
  it("returns them as written, with NaN and the infinities", async () => {
    const client = offlineClient();
    const metrics = { loss: Number.NaN, up: Number.POSITIVE_INFINITY, down: Number.NEGATIVE_INFINITY, "": 0, ü: 1e-9 };
    await client.logStepMetric("run-1", { step: 0, split: "test", metrics });
    expect(await collected(client.local.metrics("run-1"))).toEqual([{ step: 0, split: "test", metrics }]);
  });

  it("accepts Python's NaN and Infinity", async () => {
    const line = '{"step": 3, "split": "val", "metrics": {"loss": NaN, "a": Infinity, "b": -Infinity, "NaN": 1.0}}\n';
    const { read, warnings } = overMetrics(line);
    const metrics = { loss: Number.NaN, a: Number.POSITIVE_INFINITY, b: Number.NEGATIVE_INFINITY, NaN: 1 };
    expect(await read()).toEqual([{ step: 3, split: "val", metrics }]);
    expect(warnings()).toEqual([]);
  });

  it("returns nothing for a run without rows", async () => {
    const client = offlineClient();
    const { id } = await client.createRun({ experiment_id: "e" });
    expect(await collected(client.local.metrics(id))).toEqual([]);
    expect(await collected(client.local.evals(id))).toEqual([]);
    expect(await collected(client.local.checkpoints(id))).toEqual([]);
    expect(await collected(client.local.predictions(id))).toEqual([]);
    expect(await overMetrics("").read()).toEqual([]);
  });

  it.each(["metrics", "evals", "checkpoints", "predictions"] as const)(
    "throws for an unknown run and suggests a similar id: %s",
    async (stream) => {
      const client = offlineClient();
      await client.logStepMetric("Baseline-1", { step: 1, loss: 1 });
      const read = (id: string): Promise<object[]> => collected<object>(client.local[stream](id));
      const error = await failureOf(() => read("baslin-1"));
      expect(error).toMatchObject({ name: "EvsysValidationError", issues: [{ field: "run_id" }] });
      expect(String(error)).toMatch(/has no run "baslin-1"; did you mean "Baseline-1"\?$/);
      expect(String(await failureOf(() => read("another")))).not.toContain("did you mean");
    },
  );

  it("accepts Windows line endings and empty lines", async () => {
    const { read, warnings } = overMetrics(`${row(1)}\r\n\n${row(2)}\r\n`);
    expect(stepsOf(await read())).toEqual([1, 2]);
    expect(warnings()).toEqual([]);
  });

  it("handles a character across two chunks of a file", async () => {
    const note = "ü€😀".repeat(50_000);
    const client = offlineClient();
    const prediction = { kind: "eval", instruction: note, model_output: `x${note}` } as const;
    await client.logPredictions("run-1", [prediction, { ...prediction, instruction: `xx${note}` }, prediction]);
    const read = await collected(client.local.predictions("run-1"));
    expect(read).toHaveLength(3);
    expect(read.every(({ model_output }) => model_output === `x${note}`)).toBe(true);
    expect(read[1]?.instruction).toBe(`xx${note}`);
  });

  it("works while others are being written", async () => {
    const client = offlineClient();
    const read: number[] = [];
    await client.logStepMetric("run-1", { step: 0, loss: 1 });
    for await (const { step } of client.local.metrics("run-1")) {
      read.push(step);
      await client.logStepMetric("run-1", { step: 1000 + step, loss: 1 });
      if (read.length === 3) break;
    }
    expect(read[0]).toBe(0);
    expect(stepsOf(await collected(client.local.metrics("run-1")))).toContain(1000);
  });

  it("can be repeated", async () => {
    const { client } = overMetrics(rows(1, 2));
    const metrics = client.local.metrics("run-1");
    expect(stepsOf(await collected(metrics))).toEqual([1, 2]);
    expect(stepsOf(await collected(client.local.metrics("run-1")))).toEqual([1, 2]);
  });
});

describe("a torn last line", () => {
  const torn: readonly string[] = ['{"step":3,"spl', "{", row(3).slice(0, -1), '{"step":3,"metrics":{"loss":Na'];

  it.each(torn)("is reported with its file and skipped: %s", async (tail) => {
    const { read, warnings, path } = overMetrics(rows(1, 2) + tail);
    expect(stepsOf(await read())).toEqual([1, 2]);
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toContain(path);
    expect(warnings()[0]).toMatch(/\b3\b/);
  });

  it.each(torn)("is never continued by the next row: %s", async (tail) => {
    const { client, read, path, warnings } = overMetrics(rows(1, 2) + tail);
    await client.logStepMetric("run-1", { step: 4, loss: 1 });
    await client.logStepMetric("run-1", { step: 5, loss: 1 });
    expect(stepsOf(await read())).toEqual([1, 2, 4, 5]);
    expect(`${readFileSync(path, "utf8")}\n`.startsWith(`${rows(1, 2)}${tail}\n`)).toBe(true);
    expect(warnings()).toHaveLength(1);
  });

  it("inside a multi-byte character is handled the same way", async () => {
    const cut = Buffer.from('{"step":3,"note":"ü').subarray(0, -1);
    const { client, read, warnings } = overMetrics(Buffer.concat([Buffer.from(rows(1)), cut]));
    await client.logStepMetric("run-1", { step: 4, loss: 1 });
    expect(stepsOf(await read())).toEqual([1, 4]);
    expect(warnings()).toHaveLength(1);
  });

  it("that only lacks its newline is a row, and stays one", async () => {
    const { client, read, warnings } = overMetrics(rows(1) + row(2));
    expect(stepsOf(await read())).toEqual([1, 2]);
    await client.logStepMetric("run-1", { step: 3, loss: 1 });
    expect(stepsOf(await read())).toEqual([1, 2, 3]);
    expect(warnings()).toEqual([]);
  });
});

it("a row that another program appends while the file is open is kept, and so are ours", async () => {
  const client = offlineClient();
  await client.logStepMetric("run-1", { step: 1, loss: 1 });
  appendFileSync(join(client.local.root, "generations", "run-1", "metrics.jsonl"), rows(2));
  await client.logStepMetric("run-1", { step: 3, loss: 1 });
  const steps = stepsOf(await collected(client.local.metrics("run-1")));
  expect(steps.sort()).toEqual([1, 2, 3]);
});

describe("an earlier line", () => {
  it.each(["no json at all", "42", '"text"', "[1]", "null", "\u0000\u0000\u0000\u0000", '{"step":2'])(
    "that is not an object is reported with its number and skipped: %j",
    async (line) => {
      const { read, warnings, path } = overMetrics(`${rows(1)}${line}\n${rows(3, 4)}`);
      expect(stepsOf(await read())).toEqual([1, 3, 4]);
      expect(warnings()).toHaveLength(1);
      expect(warnings()[0]).toContain(path);
      expect(warnings()[0]).toMatch(/\b2\b/);
    },
  );
});

describe("reading documents", () => {
  const broken = (client: DashboardClient, id: string, text: string): string => {
    const folder = join(client.local.root, "experiments", id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "experiment.json"), text);
    return join(folder, "experiment.json");
  };

  it("lists them oldest first", async () => {
    const client = offlineClient();
    const names = ["c", "a", "b"];
    for (const [at, name] of names.entries()) {
      broken(client, name, JSON.stringify({ id: name, _created_at: at, _updated_at: 9 - at, experiment_name: name }));
    }
    expect(client.local.experiments().map(({ id }) => id)).toEqual(names);
    expect(client.local.runs()).toEqual([]);
    expect(client.local.experiment("a")).toEqual({ id: "a", _created_at: 1, _updated_at: 8, experiment_name: "a" });
    expect(client.local.experiment("d")).toBeUndefined();
  });

  it.each(["", "{", "[]", "7", "null", '{"id":"x"'])(
    "reports one that contains %j: reading it throws, a list omits it",
    async (text) => {
      const logger = recordingLogger();
      const client = offlineClient({ logger });
      const { id } = await client.createExperiment({ experiment_name: "x" });
      const path = broken(client, "broken", text);
      expect(client.local.experiments().map((experiment) => experiment.id)).toEqual([id]);
      expect(logger.of("warn").filter((line) => line.includes(path))).toHaveLength(1);
      expect(await failureOf(() => client.local.experiment("broken"))).toMatchObject({ name: "MirrorError", path });
    },
  );

  it("accepts Python's NaN and Infinity", () => {
    const client = offlineClient();
    broken(
      client,
      "e",
      '{"id": "e", "_created_at": 1.5, "_updated_at": 2.5, "best_score": NaN, "config": {"a": -Infinity}}',
    );
    expect(client.local.experiment("e")).toMatchObject({
      best_score: Number.NaN,
      config: { a: Number.NEGATIVE_INFINITY },
    });
  });
});
