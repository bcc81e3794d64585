import { appendFileSync, closeSync, openSync, renameSync, symlinkSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { syncMirror } from "../../src/index.js";
import type {
  CurveData,
  DeliveryState,
  PredictionPage,
  RunDetail,
  RunList,
  SeriesList,
} from "../../src/viewer/api-types.js";
import { offlineMirror } from "../support/cli.js";
import { API_KEY, mockServer, offlineClient, PROJECT_ID } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { EVALUATED_RUN_ID, PYTHON_MIRRORS } from "../support/python-mirror.js";
import { until } from "../support/until.js";
import { metricsLine, viewerOf, writeRun } from "../support/viewers.js";

const ALPHABETS = ["损失", "потери", "خسارة", "हानि", "π🙂", 'quo"ted', "back\\slash", "a/b c", "<img src=x>"];

describe("the viewer's runs", () => {
  it("have the data of the table", async () => {
    const { logDir, runId, experimentId } = await offlineMirror();
    const { get } = await viewerOf(logDir);
    const { runs, series, missing } = await get<RunList>("runs", { series: "loss" });
    expect(series).toEqual(["loss"]);
    expect(missing).toEqual([]);
    expect(runs).toEqual([
      expect.objectContaining({
        id: runId,
        name: "base",
        experimentId,
        experiment: "iris",
        status: "completed",
        lastStep: 2,
        lastValue: 1 / 3,
        problem: null,
      }),
    ]);
    expect(await get("delivery", { run: `0/${runId}` })).toEqual({
      [`0/${runId}`]: { pending: 8, rejected: 0, isForeign: false },
    });
  });

  it("have new counts as they grow and after delivery", async () => {
    const { logDir, runId } = await offlineMirror();
    const { get } = await viewerOf(logDir);
    const pending = async (): Promise<number | undefined> => {
      const states = await get<Record<string, DeliveryState>>("delivery", { run: `0/${runId}` });
      return states[`0/${runId}`]?.pending;
    };
    const log = async (rows: number): Promise<void> => {
      const client = offlineClient({ logDir });
      for (let step = 0; step < rows; step += 1) await client.logStepMetric(runId, { step, loss: 1 });
      await client.close();
    };
    const append = (text: string) => appendFileSync(join(logDir, "generations", runId, "metrics.jsonl"), text);
    expect(await pending()).toBe(8);
    await log(2);
    expect(await pending()).toBe(10);
    // A row that is being written counts once it is whole.
    const row = metricsLine(9, { loss: 1 });
    append(row.slice(0, 10));
    expect(await pending()).toBe(10);
    append(row.slice(10, -1));
    expect(await pending()).toBe(11);
    append("\n");
    expect(await pending()).toBe(11);
    const { url } = await mockServer();
    await syncMirror({ baseUrl: url, apiKey: API_KEY, projectId: PROJECT_ID, logDirs: [logDir] });
    expect(await pending()).toBe(0);
    await log(1);
    expect(await pending()).toBe(1);
  });

  it.each(PYTHON_MIRRORS)("include those of a mirror written $name", async ({ copyTo }) => {
    const logDir = temporaryFolder();
    copyTo(logDir);
    const { get } = await viewerOf(logDir);
    const { runs } = await get<RunList>("runs");
    expect(runs.map(({ status }) => status).sort()).toEqual(["completed", "completed", "failed"]);
    const run = `0/${EVALUATED_RUN_ID}`;
    expect(await get("evals", { run })).toMatchObject({ rows: [{ metrics: { mean_reward: 1 } }], skippedLines: 0 });
    expect(await get("delivery", { run })).toMatchObject({ [run]: { isForeign: true } });
  });

  it("list unreadable runs separately, and show the rest", async () => {
    const root = temporaryFolder();
    writeRun(root, "good");
    writeRun(root, "bad")("generation.json", "torn");
    symlinkSync(join(root, "generations", "good"), join(root, "generations", "link"));
    const { get, request } = await viewerOf(root);
    const { runs } = await get<RunList>("runs");
    expect(runs.map(({ id, problem }) => [id, problem !== null]).sort()).toEqual([
      ["bad", true],
      ["good", false],
    ]);
    for (const run of ["0/link", "0/../good", "0/..", "1/good", "good", "0/unknown"]) {
      expect((await request("evals", { run })).status).toBeGreaterThanOrEqual(400);
    }
  });

  it("are marked as missing while the mirror is gone", async () => {
    const { logDir, runId } = await offlineMirror();
    const { get, request } = await viewerOf(logDir);
    await get("curve", { run: `0/${runId}`, series: "loss" });
    renameSync(logDir, `${logDir}.moved`);
    expect(await get<RunList>("runs")).toEqual({ runs: [], series: [], missing: [logDir] });
    expect(await request("curve", { run: `0/${runId}`, series: "loss" })).toEqual({
      status: 404,
      body: { error: "This run is not in the mirror." },
    });
    renameSync(`${logDir}.moved`, logDir);
    expect((await get<RunList>("runs")).runs).toHaveLength(1);
    expect((await get<CurveData>("curve", { run: `0/${runId}`, series: "loss" })).parts).toHaveLength(1);
  });
});

describe("the viewer's curves", () => {
  it("have the values of each split in the order of the steps", async () => {
    const root = temporaryFolder();
    const append = writeRun(root, "a");
    append("metrics.jsonl", metricsLine(2, { loss: 0.25, other: 1 }) + metricsLine(1, { loss: -1.5e-7 }));
    append("metrics.2.jsonl", metricsLine(3, { loss: 1e21 }) + metricsLine(1, { loss: 4 }, "val"));
    const { get } = await viewerOf(root);
    const { parts, read } = await get<CurveData>("curve", { run: "0/a", series: "loss" });
    expect(read).toBe(1);
    expect(parts.map(({ split, steps, mean }) => ({ split, steps, mean }))).toEqual([
      { split: "train", steps: [1, 2, 3], mean: [-1.5e-7, 0.25, 1e21] },
      { split: "val", steps: [1], mean: [4] },
    ]);
  });

  it("have gaps for non-finite values written by this client or Python's", async () => {
    const root = temporaryFolder();
    const append = writeRun(root, "a");
    append(
      "metrics.jsonl",
      `${metricsLine(1, { loss: "NaN" })}{"step": 2, "split": "train", "metrics": {"loss": NaN}}\n`,
    );
    append("metrics.jsonl", '{"step": 3, "split": "train", "metrics": {"loss": 0.5, "b": -Infinity}}\r\n');
    const { get } = await viewerOf(root);
    const { parts } = await get<CurveData>("curve", { run: "0/a", series: "loss" });
    expect(parts[0]).toMatchObject({ steps: [1, 2, 3], mean: [null, null, 0.5] });
    expect((await get<SeriesList>("series", { run: "0/a" })).series).toEqual([
      { name: "loss", splits: ["train"], values: 3, nonFinite: 2 },
      { name: "b", splits: ["train"], values: 1, nonFinite: 1 },
    ]);
  });

  it("count torn and foreign lines, and wait for the rest of the last line", async () => {
    const root = temporaryFolder();
    const append = writeRun(root, "a");
    append(
      "metrics.jsonl",
      `${metricsLine(1, { loss: 1 })}{"step":2,"spl\n[]\n"text"\n\n${metricsLine(3, { loss: 3 })}{"step":4,"split":"train"`,
    );
    const { get } = await viewerOf(root);
    const values = async () => (await get<CurveData>("curve", { run: "0/a", series: "loss" })).parts[0]?.mean;
    expect(await values()).toEqual([1, 3]);
    expect(await get("series", { run: "0/a" })).toMatchObject({ skippedLines: 3 });
    append("metrics.jsonl", ',"metrics":{"loss":4}}\n');
    expect(await values()).toEqual([1, 3, 4]);
  });

  it("grow with the file, and start over if the file is replaced", async () => {
    const root = temporaryFolder();
    const append = writeRun(root, "a");
    append("metrics.jsonl", metricsLine(1, { loss: 1 }) + metricsLine(2, { loss: 2 }));
    const { get } = await viewerOf(root);
    const versions = async () => JSON.stringify(await get("versions", { run: "0/a" }));
    const values = async () => (await get<CurveData>("curve", { run: "0/a", series: "loss" })).parts[0]?.mean;
    const before = await versions();
    expect(await versions()).toBe(before);
    append("metrics.jsonl", metricsLine(3, { loss: 3 }));
    expect(await versions()).not.toBe(before);
    expect(await values()).toEqual([1, 2, 3]);
    append("other", Array.from({ length: 9 }, (_, step) => metricsLine(step, { loss: step })).join(""));
    renameSync(join(root, "generations", "a", "other"), join(root, "generations", "a", "metrics.jsonl"));
    expect(await values()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    truncateSync(join(root, "generations", "a", "metrics.jsonl"), 0);
    append("metrics.jsonl", metricsLine(9, { loss: 9 }));
    expect(await values()).toEqual([9]);
  });

  it("read only the appended rows of a file", async () => {
    const root = temporaryFolder();
    const append = writeRun(root, "a");
    append("metrics.jsonl", metricsLine(1, { loss: 1 }));
    const { get } = await viewerOf(root);
    const values = async () => (await get<CurveData>("curve", { run: "0/a", series: "loss" })).parts[0]?.mean;
    expect(await values()).toEqual([1]);
    // No client does this; it shows which bytes the viewer reads.
    const path = join(root, "generations", "a", "metrics.jsonl");
    const descriptor = openSync(path, "r+");
    writeSync(descriptor, metricsLine(1, { loss: 9 }));
    closeSync(descriptor);
    append("metrics.jsonl", metricsLine(2, { loss: 2 }));
    expect(await values()).toEqual([1, 2]);
  });

  it("are reduced to the minimum and maximum per pixel, and exact when zoomed in", async () => {
    const root = temporaryFolder();
    const append = writeRun(root, "a");
    const rows = 60_000;
    const valueAt = (step: number) => Math.sin(step / 500) + (step === 31_235 ? 50 : step === 45_677 ? -50 : 0);
    append(
      "metrics.jsonl",
      Array.from({ length: rows }, (_, step) => metricsLine(step, { loss: valueAt(step) })).join(""),
    );
    const { get } = await viewerOf(root);
    const curve = (window: Readonly<Record<string, number>>) =>
      get<CurveData>("curve", { run: "0/a", series: "loss", width: 500, ...window });
    await until(async () => (await curve({})).read === 1);
    const [part] = (await curve({})).parts;
    expect(part?.isExact).toBe(false);
    expect(part?.steps.length).toBeLessThanOrEqual(1_000);
    expect(Math.max(...(part?.max ?? []).map(Number))).toBeCloseTo(valueAt(31_235), 10);
    expect(Math.min(...(part?.min ?? []).map(Number))).toBeCloseTo(valueAt(45_677), 10);
    const [detail] = (await curve({ from: 31_200, to: 31_300 })).parts;
    expect(detail).toMatchObject({ isExact: true, steps: Array.from({ length: 101 }, (_, at) => 31_200 + at) });
    expect(detail?.mean[35]).toBeCloseTo(valueAt(31_235), 10);
  });

  // Writing and reading 800,000 rows takes long on a busy machine.
  it("show an overview of a large file first, and the complete data later", {
    timeout: 60_000,
  }, async () => {
    const root = temporaryFolder();
    const append = writeRun(root, "a");
    const block = (first: number) =>
      Array.from({ length: 50_000 }, (_, at) => metricsLine(first + at, { loss: first + at })).join("");
    for (let first = 0; first < 800_000; first += 50_000) append("metrics.jsonl", block(first));
    const { get } = await viewerOf(root);
    const curve = () => get<CurveData>("curve", { run: "0/a", series: "loss", width: 500 });
    const first = await curve();
    expect(first.read).toBeLessThan(1);
    expect(first.parts[0]?.steps[0]).toBeLessThan(2_000);
    expect(first.parts[0]?.steps.at(-1)).toBeGreaterThan(790_000);
    await until(async () => (await curve()).read === 1);
    const [part] = (await curve()).parts;
    expect(part?.min[0]).toBe(0);
    expect(part?.max.at(-1)).toBe(799_999);
    expect((await get<SeriesList>("series", { run: "0/a" })).series[0]?.values).toBe(800_000);
  });

  it("support names in every alphabet", async () => {
    const root = temporaryFolder();
    const append = writeRun(root, "a");
    append("metrics.jsonl", metricsLine(1, Object.fromEntries(ALPHABETS.map((name, at) => [name, at]))));
    append("metrics.jsonl", metricsLine(2, Object.fromEntries(ALPHABETS.map((name) => [name, 100]))));
    const { get } = await viewerOf(root);
    const { series } = await get<SeriesList>("series", { run: "0/a" });
    expect(series.map(({ name }) => name)).toEqual(ALPHABETS);
    for (const [at, name] of ALPHABETS.entries()) {
      const { parts } = await get<CurveData>("curve", { run: "0/a", series: name });
      expect(parts[0]).toMatchObject({ mean: [at, 100] });
    }
    expect((await get<RunList>("runs", { series: ALPHABETS[0] ?? "" })).runs[0]?.lastValue).toBe(100);
  });

  // Writing and reading 100,000 series takes long on a busy machine.
  it("support 100,000 series in one run", { timeout: 60_000 }, async () => {
    const root = temporaryFolder();
    const append = writeRun(root, "a");
    const metrics = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`series ${at}`, at]));
    append("metrics.jsonl", metricsLine(1, metrics) + metricsLine(2, metrics));
    const { get } = await viewerOf(root);
    await until(async () => (await get<SeriesList>("series", { run: "0/a" })).total === 100_000);
    const found = await get<SeriesList>("series", { run: "0/a", search: "SERIES 99999" });
    expect(found).toMatchObject({ total: 1, series: [{ name: "series 99999" }] });
    const { parts } = await get<CurveData>("curve", { run: "0/a", series: "series 99999" });
    expect(parts[0]).toMatchObject({ steps: [1, 2], mean: [99_999, 99_999] });
    expect((await get<RunList>("runs", { series: "series 7" })).runs[0]?.lastValue).toBe(7);
  });
});

describe("the viewer's other pages", () => {
  it("page through and search predictions, each shown once", async () => {
    const root = temporaryFolder();
    const append = writeRun(root, "a");
    const prediction = (at: number) => ({
      kind: "eval",
      instruction: `question ${at}`,
      model_output: at === 77 ? "Ünïque" : "same",
    });
    for (let at = 0; at < 120; at += 1) {
      append(at < 90 ? "predictions.jsonl" : "predictions.2.jsonl", `${JSON.stringify(prediction(at))}\n`);
    }
    const { get } = await viewerOf(root);
    const all = async (search: string) => {
      const found: unknown[] = [];
      for (let from: string | null = ""; from !== null; ) {
        const page: PredictionPage = await get("predictions", { run: "0/a", search, from });
        expect(page.rows.length).toBeLessThanOrEqual(50);
        found.push(...page.rows.map(({ instruction }) => instruction));
        from = page.next;
      }
      return found;
    };
    expect(await all("")).toEqual(Array.from({ length: 120 }, (_, at) => `question ${at}`));
    expect(await all("ÜNÏQUE")).toEqual(["question 77"]);
    expect(await all("no such text")).toEqual([]);
  });

  it("show the documents of a run and its experiment", async () => {
    const { logDir, runId } = await offlineMirror();
    const { get } = await viewerOf(logDir);
    const { run, experiment } = await get<RunDetail>("run", { run: `0/${runId}` });
    expect(run).toMatchObject({ status: "completed", run_config: { name: "base" } });
    expect(experiment).toMatchObject({ experiment_name: "iris" });
    expect(await get("checkpoints", { run: `0/${runId}` })).toMatchObject({ rows: [{ uri: "s3://bucket/1" }] });
  });
});
