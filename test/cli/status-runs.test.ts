import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { main } from "../../src/cli/program.js";
import type { Comparison } from "../../src/cli/status/compare.js";
import type { StatusReport } from "../../src/cli/status/status.js";
import { showsUnicode } from "../../src/config/terminal.js";
import { type DashboardClient, syncMirror } from "../../src/index.js";
import { evsysOnTerminal, hasTerminal, jsonOf, OBEYED, offlineMirror } from "../support/cli.js";
import { API_KEY, mockServer, offlineClient, PROJECT_ID } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { PYTHON_MIRRORS } from "../support/python-mirror.js";
import { metricsLine, writeRun } from "../support/viewers.js";

/** What a command prints on one of its streams when it is run in this process. */
async function printed(stream: "stdout" | "stderr", code: number, ...args: readonly string[]): Promise<string> {
  const spies = {
    stdout: vi.spyOn(process.stdout, "write").mockReturnValue(true),
    stderr: vi.spyOn(process.stderr, "write").mockReturnValue(true),
  };
  const textOf = (name: keyof typeof spies) => spies[name].mock.calls.map(([piece]) => String(piece)).join("");
  try {
    expect(await main(["status", ...args])).toBe(code);
    expect(textOf(stream === "stdout" ? "stderr" : "stdout")).toBe("");
    return textOf(stream);
  } finally {
    for (const spy of Object.values(spies)) spy.mockRestore();
  }
}

const text = (...args: readonly string[]) => printed("stdout", 0, ...args);
const complaint = (...args: readonly string[]) => printed("stderr", 2, ...args);
/** The shape is this package's own; each test holds the values against what it wrote. */
const json = async (...args: readonly string[]) => jsonOf(await text("--json", ...args)) as StatusReport;

/** A mirror of runs, oldest first: each with a document, and with rows of metrics. */
function mirrorOf(runs: readonly (readonly [id: string, document: object, rows?: string])[]): string {
  const root = temporaryFolder();
  for (const [at, [id, document, rows]] of runs.entries()) {
    const append = writeRun(root, id, { _created_at: 1_700_000_000 + at, ...document });
    if (rows !== undefined) append("metrics.jsonl", rows);
  }
  return root;
}

const runsOf = ({ mirrors }: StatusReport) => mirrors.flatMap(({ runs, foreign }) => [...runs, ...foreign]);
const idsIn = (printedText: string): string[] => printedText.match(/run-\d+/g) ?? [];

describe("a run in evsys-sdk status", () => {
  it("shows its last step and values, its best score, its duration and the time of its last row", async () => {
    const client = offlineClient();
    const run = await client.startRun({ experiment_name: "iris", run_config: { name: "base" }, trackBest: "accuracy" });
    for (let step = 0; step < 5; step += 1) await run.logStep(step, { loss: 0.1 + 0.2, accuracy: step / 10, lr: 1e-5 });
    await run.logStep(4, { loss: Number.NaN, "π 损失": 7 }, { split: "val" });
    await run.complete();
    await client.updateRun(run.runId, { duration_seconds: 4_000 });
    await client.close();
    const [found] = runsOf(await json(client.local.root));
    expect(found).toMatchObject({
      state: "completed",
      bestScore: 0.4,
      durationSeconds: 4_000,
      lastRowAt: expect.stringMatching(/^\d{4}-/),
      progress: {
        lastStep: 4,
        lastValues: { loss: 0.1 + 0.2, accuracy: 0.4, lr: 1e-5, "loss (val)": "NaN", "π 损失 (val)": 7 },
        curve: { series: "loss", values: [0.1 + 0.2, 0.1 + 0.2, 0.1 + 0.2, 0.1 + 0.2, 0.1 + 0.2] },
      },
    });
    const shown = await text(client.local.root);
    expect(shown).toMatch(/\n {4}progress {5}step 4, best score 0\.4, 1 h 7 min, last row \d{4}-.+ UTC\n/);
    expect(shown).toContain("last values  loss 0.3, loss (val) NaN, accuracy 0.4, lr 1.000e-5, π 损失 (val) 7\n");
    expect(shown).not.toContain("curve");
  });

  it("shows the values logged last if a resumed run repeats steps; of two writers, those of the one further ahead", async () => {
    const root = mirrorOf([
      ["resumed", {}, [1, 2, 3, 2].map((step) => metricsLine(step, { loss: step / 8 })).join("")],
      ["two", {}, metricsLine(9, { loss: 9 })],
    ]);
    writeRun(root, "two")("metrics.2.jsonl", metricsLine(5, { loss: 5, late: 1 }));
    const [two, resumed] = runsOf(await json(root)).sort((a, b) => b.id.localeCompare(a.id));
    expect(resumed?.progress).toMatchObject({ lastStep: 2, lastValues: { loss: 0.25 } });
    expect(two?.progress).toMatchObject({ lastStep: 9, lastValues: { loss: 9, late: 1 } });
  });

  it("shows the curve of its loss for any number of rows", async () => {
    const rows = Array.from({ length: 20_000 }, (_, step) =>
      metricsLine(step, { reward: 1, "train/loss": 20_000 - step }),
    );
    const root = mirrorOf([["large", {}, rows.join("")]]);
    const [{ progress } = {}] = runsOf(await json(root));
    const values = progress?.curve?.values ?? [];
    expect(progress?.curve?.series).toBe("train/loss");
    expect(values).toHaveLength(32);
    // Within half an interval of the exact value, because the curve is sampled.
    for (const [at, value] of values.entries())
      expect(Math.abs(Number(value) - 20_000 * (1 - (at + 0.5) / 32))).toBeLessThan(100);
  });

  it("is shown without rows or with a torn line", async () => {
    const root = mirrorOf([
      ["none", { _updated_at: 1_700_000_030.5 }],
      ["torn", {}, `${metricsLine(1, { loss: 1 })}damaged\n{"step":2,"spl`],
    ]);
    const shown = await text(root);
    expect(shown).toMatch(/run {2}torn {2}completed\n {4}progress {5}step 1, .+\n {4}last values {2}loss 1\n/);
    expect(shown).toMatch(/run {2}none {2}completed\n {4}progress {5}30\.5 s\n/);
  });

  // Writing and reading 100,000 series takes long on a busy machine.
  it("shows only a few of 100,000 series; --json has all", { timeout: 60_000 }, async () => {
    const series = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`series ${at}`, at]));
    const root = mirrorOf([["wide", {}, metricsLine(1, series)]]);
    expect(await text(root)).toMatch(/last values {2}series 0 0, .+, series 5 5 and 99,994 more\n/);
    expect(Object.keys(runsOf(await json(root))[0]?.progress?.lastValues ?? {})).toHaveLength(100_000);
  });

  it("shows its error, with control characters escaped", async () => {
    const evil = "\u001b[31mred\u009b2J \u202e\n";
    const root = mirrorOf([
      ["evil", { status: "failed", error_message: evil }, metricsLine(1, { [evil]: 1, __proto: 2 })],
    ]);
    const client = offlineClient({ logDir: root });
    await client.updateRun("evil", { gpu: "H100" });
    await client.close();
    const [shown, compared] = [await text(root), await text(root, "--summary")];
    expect(shown).toContain("error        \\u001b[31mred\\u009b2J \\u202e\\u000a");
    expect(shown).toContain("\\u001b[31mred\\u009b2J \\u202e\\u000a 1");
    for (const each of [shown, compared]) expect(each).not.toMatch(OBEYED);
  });

  it.each(PYTHON_MIRRORS)("is shown the same way if it was written $name", async ({ copyTo }) => {
    const root = temporaryFolder();
    copyTo(root);
    const line = '{"step": 3, "split": "val", "metrics": {"loss": NaN, "accuracy": 1.0}}\n';
    writeRun(root, "rows")("metrics.jsonl", line);
    const run = runsOf(await json(root)).find(({ id }) => id === "rows");
    expect(run?.progress).toMatchObject({ lastStep: 3, lastValues: { "loss (val)": "NaN", "accuracy (val)": 1 } });
    expect(await text(root)).toMatch(/\n {4}progress {5}step 3, .+\n {4}last values {2}loss \(val\) NaN, /);
  });

  it.skipIf(!hasTerminal)("shows its curve as a line if the terminal supports it", async () => {
    const { logDir } = await offlineMirror(10);
    const locale = (name: string) => ({ LC_ALL: name, NO_COLOR: "1" });
    const [utf8, ascii] = await Promise.all([
      evsysOnTerminal(["status", logDir], locale("C.UTF-8")).ended,
      evsysOnTerminal(["status", logDir], locale("C")).ended,
    ]);
    expect(utf8.stdout).toContain("curve        █▄▃▂▂▂▁▁▁▁  loss");
    expect(ascii.stdout).not.toContain("curve");
  });

  it.each([
    [true, { LANG: "en_US.UTF-8" }, true],
    [true, { LC_ALL: "C", LANG: "en_US.UTF-8" }, false],
    [true, { LC_ALL: "", LC_CTYPE: "de_DE.utf8" }, true],
    [true, { LANG: "en_US.UTF-8", TERM: "dumb" }, false],
    [true, {}, false],
    [false, { LANG: "en_US.UTF-8" }, false],
  ])("is shown in Unicode on a terminal (%s) with %j: %s", (isTTY, environment, isShown) => {
    expect(showsUnicode({ isTTY }, environment, "linux")).toBe(isShown);
  });
});

describe("a mirror of many runs in evsys-sdk status", () => {
  const many = () => mirrorOf(Array.from({ length: 25 }, (_, at) => [`run-${at}`, { run_config: {} }] as const));

  it("shows the 20 newest and the number of the others", async () => {
    const root = many();
    const shown = await text(root);
    expect(idsIn(shown)).toEqual(Array.from({ length: 20 }, (_, at) => `run-${24 - at}`));
    expect(shown).toContain("Not shown: 5 older runs. Use --limit n to show more, --summary to count all.\n");
    expect(idsIn(await text(root, "--limit", "2"))).toEqual(["run-24", "run-23"]);
    const all = await text(root, "--limit", "25");
    expect(idsIn(all)).toHaveLength(25);
    expect(all).not.toContain("Not shown");
  });

  it("has all runs in --json, with the curves of the newest", async () => {
    const root = mirrorOf(
      Array.from({ length: 25 }, (_, at) => [`run-${at}`, {}, metricsLine(1, { loss: 1 })] as const),
    );
    const status = await json(root);
    expect(runsOf(status).map(({ id }) => id)).toEqual(Array.from({ length: 25 }, (_, at) => `run-${24 - at}`));
    expect(runsOf(status).filter(({ progress }) => progress?.curve)).toHaveLength(20);
    expect(status.more).toEqual({ runs: 0, experiments: 0 });
    const limited = await json(root, "--limit", "2");
    expect(runsOf(limited).map(({ id }) => id)).toEqual(["run-24", "run-23"]);
    expect(limited.more).toEqual({ runs: 23, experiments: 0 });
  });

  it("counts an experiment without runs as one row, and lists an experiment by its newest run", async () => {
    const client = offlineClient();
    const first = await client.createExperiment({ experiment_name: "first" });
    for (let at = 0; at < 3; at += 1) await client.createExperiment({ experiment_name: `empty ${at}` });
    await client.createRun({ experiment_id: first.id, run_config: { name: "newest" } });
    await client.close();
    const shown = await text(client.local.root, "--limit", "2");
    expect(shown.match(/^ *(run|experiment) \w+( \d)?/gm)).toEqual([
      "experiment first",
      "  run newest",
      "experiment empty 2",
    ]);
    expect(shown).toContain("Not shown: 2 older experiments.");
  });

  it("is summarized by --summary", async () => {
    const server = await mockServer();
    const { logDir } = await offlineMirror(2);
    server.failNext({ status: 422, body: { detail: "no such step" }, match: "/metrics/", times: 2 });
    await syncMirror({ baseUrl: server.url, apiKey: API_KEY, projectId: PROJECT_ID, logDirs: [logDir] });
    const shown = await text(logDir, "--summary");
    expect(shown.replace(/\d{4}-.+ UTC/, "THEN").split("\n")).toEqual([
      `${logDir}  1 experiment, 1 run`,
      "  runs        1 completed",
      "  writes      6 delivered, 2 rejected",
      "  last write  THEN",
      "  rejected    2 metrics rows: 422 no such step",
      "",
      "Total: 6 delivered, 2 rejected.",
      expect.stringContaining("--retry-rejected"),
      "",
    ]);
    const { mirrors } = await json(logDir, "--summary");
    expect(mirrors).toEqual([
      {
        root: logDir,
        total: { delivered: 6, pending: 0, rejected: 2, skipped: 0 },
        note: null,
        summary: expect.objectContaining({
          runs: { completed: 1 },
          rejected: [{ of: "metrics", writes: 2, status: 422, reason: "no such step" }],
        }),
      },
    ]);
    expect(await complaint(logDir, "--summary", "--limit", "5")).toContain("--limit and --summary cannot be combined");
  });

  it.each(["0", "-1", "1.5", "all"])("rejects --limit %s", async (limit) => {
    expect(await complaint(many(), "--limit", limit)).toContain("--limit must be an integer of at least 1");
  });
});

/** Two experiments: the first with a completed and a failed run, the second with a completed one. */
async function sweep(client: DashboardClient) {
  const one = await client.createExperiment({ experiment_name: "one" });
  const two = await client.createExperiment({ experiment_name: "two" });
  const make = async (experiment: string, name: string, status: "completed" | "failed") => {
    const { id } = await client.createRun({ experiment_id: experiment, run_config: { name } });
    await client.updateRun(id, { status });
    return id;
  };
  const good = await make(one.id, "good", "completed");
  const bad = await make(one.id, "bad", "failed");
  const other = await make(two.id, "other", "completed");
  await client.close();
  return { root: client.local.root, one: one.id, two: two.id, good, bad, other };
}

const named = (shown: string): string[] => shown.match(/(?<=^ *(run|experiment) )\w+/gm) ?? [];

describe("the filters of evsys-sdk status", () => {
  it("select runs, experiments and failed runs", async () => {
    const { root, one, two, good, bad } = await sweep(offlineClient());
    expect(named(await text(root))).toEqual(["two", "other", "one", "bad", "good"]);
    expect(named(await text(root, "--run", good))).toEqual(["one", "good"]);
    expect(named(await text(root, "--run", good, "--run", bad))).toEqual(["one", "bad", "good"]);
    expect(named(await text(root, "--experiment", two))).toEqual(["two", "other"]);
    expect(named(await text(root, "--failed"))).toEqual(["one", "bad"]);
    expect(named(await text(root, "--failed", "--experiment", two))).toEqual([]);
    expect(await text(root, "--summary", "--experiment", one)).toContain("  runs        1 failed, 1 completed\n");
    expect(runsOf(await json(root, "--failed")).map(({ id }) => id)).toEqual([bad]);
  });

  it("select an experiment without runs", async () => {
    const client = offlineClient();
    const { id } = await client.createExperiment({ experiment_name: "alone" });
    await client.createExperiment({ experiment_name: "another" });
    await client.close();
    expect(named(await text(client.local.root, "--experiment", id))).toEqual(["alone"]);
  });

  it("also match the ids that the dashboard shows", async () => {
    const server = await mockServer();
    const { root } = await sweep(offlineClient());
    await syncMirror({ baseUrl: server.url, apiKey: API_KEY, projectId: PROJECT_ID, logDirs: [root] });
    const good = server.runs.find(({ run_config }) => JSON.stringify(run_config) === '{"name":"good"}');
    const two = server.experiments.find(({ experiment_name }) => experiment_name === "two");
    expect(named(await text(root, "--run", String(good?.id)))).toEqual(["one", "good"]);
    expect(named(await text(root, "--experiment", String(two?.id)))).toEqual(["two", "other"]);
  });

  it("report an unknown id and suggest a similar one", async () => {
    const { root, good, two } = await sweep(offlineClient());
    expect(await complaint(root, "--run", `${good.slice(0, -1)}_`)).toContain(
      `no run has this id; did you mean ${good}?`,
    );
    expect(await complaint(root, "--experiment", "x")).toContain("no run belongs to this experiment; evsys-sdk status");
    expect(await complaint(root, "--run", good, "--experiment", two)).toContain("not to");
    expect(await complaint(join(root, "experiments"))).toContain("is not a mirror");
  });
});

describe("evsys-sdk status --compare", () => {
  async function comparable() {
    const client = offlineClient();
    const { id: experiment } = await client.createExperiment({ experiment_name: "lr", config: { data: "iris" } });
    const make = async (name: string, lr: number, losses: readonly number[]) => {
      const body = { experiment_id: experiment, seed: 7, run_config: { name, lr, model: { layers: 2 } } };
      const { id } = await client.createRun(body);
      for (const [step, loss] of losses.entries()) await client.logStepMetric(id, { step, loss, accuracy: 1 - loss });
      await client.createEval(id, { benchmark_id: "mmlu", metrics: { accuracy: lr } });
      await client.updateRun(id, { status: "completed", summary: { best_score: 1 - lr }, duration_seconds: 90 });
      return id;
    };
    const [low, high] = [await make("low", 0.1, [0.5, 0.25, 0.3]), await make("high", 0.9, [0.5, Number.NaN])];
    await client.logStepMetric(high, { step: 1, split: "val", metrics: { loss: 0.75 } });
    await client.close();
    return { root: client.local.root, low, high };
  }

  it("shows different settings, the last and best value of each series, and the evals", async () => {
    const { root, low, high } = await comparable();
    const shown = await text(root, "--compare", low, high);
    expect(shown.split("\n").map((line) => line.trimEnd().replace(/ {2,}/g, " | "))).toEqual([
      "run | low | high",
      `id | ${low} | ${high}`,
      "status | completed | completed",
      "best score | 0.9 | 0.1",
      "duration | 2 min | 2 min",
      "",
      "Configuration that differs",
      "run_config.name | low | high",
      "run_config.lr | 0.1 | 0.9",
      "",
      "Series: last and best value",
      "loss | 0.3, lowest 0.25 | NaN, lowest 0.5",
      "accuracy | 0.7, highest 0.75 | NaN, highest 0.5",
      "loss (val) | – | 0.75, lowest 0.75",
      "",
      "Evals: last value",
      "mmlu accuracy | 0.1 | 0.9",
      "",
    ]);
  });

  it("has the same data in --json", async () => {
    const { root, low, high } = await comparable();
    const comparison = jsonOf(await text(root, "--json", "--compare", low, high)) as Comparison;
    expect(comparison.runs).toMatchObject([
      { id: low, name: "low", bestScore: 0.9, durationSeconds: 90 },
      { id: high },
    ]);
    expect(comparison.configuration).toContainEqual({ name: "run_config.lr", values: [0.1, 0.9] });
    expect(comparison.series[0]).toEqual({
      name: "loss",
      best: "lowest",
      values: [
        { last: 0.3, lastStep: 2, best: 0.25 },
        { last: "NaN", lastStep: 1, best: 0.5 },
      ],
    });
    expect(comparison.evals).toEqual([{ name: "mmlu accuracy", values: [0.1, 0.9] }]);
  });

  it("compares runs of several mirrors, and reports invalid selections", async () => {
    const [{ root, low }, other] = [await comparable(), await comparable()];
    expect(await text(root, other.root, "--compare", low, other.low)).toContain(other.low);
    expect(await complaint(root, "--compare", low)).toContain("--compare requires the ids of two or more runs, got 1.");
    expect(await complaint(root, "--compare", low, low)).toContain("got 1.");
    expect(await complaint(root, "--compare", low, "x")).toContain('--compare "x": no run has this id');
    expect(await complaint("--compare", low, root)).toContain("does not exist");
    expect(await complaint(root, "--compare", low, "x", "--failed")).toContain(
      "--failed and --compare cannot be combined",
    );
  });
});
