import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { type DashboardClient, MirrorError } from "../../src/index.js";
import type { MockServer } from "../../src/testing/index.js";
import { runLimited } from "../support/children.js";
import { collected, failureOf } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { canMakeFull, makeFull } from "../support/full-device.js";
import { deadServer } from "../support/servers.js";
import { until } from "../support/until.js";
import { backend, clientFor, runOf, sync, written } from "./support/backend.js";
import { differences, mirrorAt, NONE } from "./support/compare.js";
import { prediction } from "./support/predictions.js";
import { programFile } from "./support/program.js";
import { IS_LONG } from "./support/random.js";
import { remoteClient } from "./support/remote-client.js";
import { rowOf } from "./support/rows.js";

const NEWLINE = 0x0a;

/** A mirror of one run with a few rows of each kind, in a copy of which a file is cut. */
async function writtenMirror(logDir: string, server: MockServer): Promise<string> {
  const client = clientFor(server, logDir, { offline: true });
  const { runId } = await runOf(client);
  for (const n of [1, 2, 3]) {
    await client.logStepMetric(runId, { step: n, loss: 1 });
    await client.addCheckpoint(runId, { uri: `s3://${n}` });
    await client.createEval(runId, { metrics: { a: n } });
    await client.logPredictions(runId, [prediction(`${n}.1`), prediction(`${n}.2`)]);
    await client.updateRun(runId, { [`p${n}`]: n });
  }
  await client.close();
  return runId;
}

/** Every length that the last two lines of a file can be cut to; of those, in the normal suite, some. */
function cutsOf(path: string, step: number): number[] {
  const bytes = readFileSync(path);
  const ends = [...bytes.keys()].filter((at) => bytes[at] === NEWLINE).map((at) => at + 1);
  const from = ends.at(-3) ?? 0;
  const cuts = Array.from({ length: bytes.length - from }, (_, at) => from + at);
  const isTelling = (cut: number): boolean => [-1, 0, 1].some((near) => ends.includes(cut + near));
  return cuts.filter((cut) => IS_LONG || isTelling(cut) || (cut - from) % step === 0);
}

const CUT_FILES = [
  ["metrics.jsonl", 8],
  ["evals.jsonl", 40],
  ["checkpoints.jsonl", 40],
  ["predictions.jsonl", 40],
  ["sync/ops.jsonl", 40],
] as const;

/** What a later process does with a mirror that was cut: it goes on with the run. */
async function goOn(logDir: string, runId: string, from: number): Promise<void> {
  const client = clientFor(await deadServer(), logDir, { offline: true });
  for (const n of [from, from + 1]) {
    await client.logStepMetric(runId, { step: n, loss: 1 });
    await client.addCheckpoint(runId, { uri: `s3://${n}` });
    await client.createEval(runId, { metrics: { a: n } });
    await client.logPredictions(runId, [prediction(`${n}.1`), prediction(`${n}.2`)]);
  }
  await client.updateRun(runId, { [`p${from}`]: from });
  await client.close();
}

describe("a file that was truncated by a power cut", () => {
  it.each(CUT_FILES)("%s, before anything was sent: readable rows and later rows arrive once", async (file, every) => {
    const [folder, server] = [temporaryFolder(), await backend()];
    const runId = await writtenMirror(join(folder, "whole"), server);
    const path = (logDir: string): string => join(logDir, "generations", runId, file);
    const cuts = cutsOf(path(join(folder, "whole")), every);
    expect(cuts.length).toBeGreaterThan(6);
    for (const cut of cuts) {
      const logDir = join(folder, `cut-${cut}`);
      cpSync(join(folder, "whole"), logDir, { recursive: true });
      truncateSync(path(logDir), cut);
      server.reset();
      await goOn(logDir, runId, 10);
      expect(await sync(server, logDir), `cut at ${cut}`).toMatchObject({ pending: 0, rejected: 0 });
      const { wrong: _, ...found } = await differences(logDir, server);
      expect({ cut, ...found }).toEqual({ cut, missing: [], twice: [] });
      expect(server.metrics.filter(({ step }) => step >= 10)).toHaveLength(2);
      expect(server.predictions.filter(({ task_id }) => task_id?.startsWith("1")).length).toBeGreaterThanOrEqual(4);
      expect(server.runs).toMatchObject([{ p1: 1, p10: 10 }]);
    }
  });

  it.each([...CUT_FILES, ["sync/acks.log", 6] as const])(
    "%s, after everything was delivered: nothing arrives twice, and later rows arrive",
    async (file, every) => {
      const [folder, server] = [temporaryFolder(), await backend()];
      const runId = await writtenMirror(join(folder, "whole"), server);
      expect(await sync(server, join(folder, "whole"))).toMatchObject({ pending: 0, rejected: 0 });
      const path = (logDir: string): string => join(logDir, "generations", runId, file);
      let from = 0;
      for (const cut of cutsOf(path(join(folder, "whole")), every)) {
        const logDir = join(folder, `cut-${cut}`);
        cpSync(join(folder, "whole"), logDir, { recursive: true });
        truncateSync(path(logDir), cut);
        from += 10;
        await goOn(logDir, runId, from);
        expect(await sync(server, logDir), `cut at ${cut}`).toMatchObject({ pending: 0, rejected: 0 });
        expectOnceEach(server, cut);
        const { missing } = await differences(logDir, server);
        expect({ cut, missing }).toEqual({ cut, missing: [] });
        const steps = (await collected(mirrorAt(logDir).metrics(runId))).map(({ step }) => step);
        expect(steps.slice(-2)).toEqual([from, from + 1]);
        expect(server.runs[0]).toHaveProperty(`p${from}`, from);
      }
    },
  );

  it.each(["metrics", "predictions"] as const)(
    "%s, with the acknowledgements of its lost rows: later rows are not mistaken for those",
    async (stream) => {
      const [logDir, server] = [temporaryFolder(), await backend()];
      const first = clientFor(server, logDir);
      const { runId } = await runOf(first);
      const write = (client: DashboardClient, n: number): Promise<unknown> =>
        stream === "metrics"
          ? client.logStepMetric(runId, { step: n, loss: 1 })
          : client.logPredictions(runId, [prediction(`${n}.1`), prediction(`${n}.2`)]);
      for (const n of [1, 2, 3]) await write(first, n);
      await first.close();
      const run = join(logDir, "generations", runId);
      const bytes = readFileSync(join(run, `${stream}.jsonl`));
      // The rows of the first call stay complete: half a batch could not be distinguished from a whole one.
      const whole = bytes.indexOf(NEWLINE, stream === "metrics" ? 0 : bytes.indexOf(NEWLINE) + 1) + 1;
      for (const cut of [whole, whole + 1]) {
        truncateSync(join(run, `${stream}.jsonl`), cut);
        truncateSync(join(run, "sync", "acks.log"), 0);
        const second = clientFor(server, logDir);
        for (const n of [4, 5, 6]) await write(second, 10 * cut + n);
        expect(await second.close()).toMatchObject({ pending: 0, rejected: 0 });
      }
      expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
      expect((await differences(logDir, server)).missing).toEqual([]);
      expect(server[stream]).toHaveLength(stream === "metrics" ? 3 + 2 * 3 : 2 * (3 + 2 * 3));
    },
  );

  it("by whole calls: later calls have keys of their own, even after a kill", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const first = clientFor(server, logDir);
    const { runId } = await runOf(first);
    for (const n of [1, 2, 3]) await first.logPredictions(runId, [prediction(`${n}.1`), prediction(`${n}.2`)]);
    await first.close();
    const path = join(logDir, "generations", runId, "predictions.jsonl");
    const bytes = readFileSync(path);
    truncateSync(path, bytes.indexOf(NEWLINE, bytes.indexOf(NEWLINE) + 1) + 1);

    // Two calls replace one, and their responses are lost.
    const second = clientFor(server, logDir, { maxRetries: 0 });
    await second.logStepMetric(runId, { step: 1, loss: 1 });
    server.failNext({ hang: true, afterCommit: true, times: 2, match: "/predictions/" });
    const calls = Promise.all(["4.1", "5.1"].map((task) => second.logPredictions(runId, [prediction(task)])));
    await until(() => server.predictions.length === 8);
    await second.close({ timeoutMs: 1 });
    await calls;
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    const tasks = server.predictions.map(({ task_id }) => task_id);
    expect(tasks).toEqual(["1.1", "1.2", "2.1", "2.2", "3.1", "3.2", "4.1", "5.1"]);
  });

  it("to zero length: later rows are not mistaken for the lost ones", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const first = clientFor(server, logDir);
    const { runId } = await runOf(first);
    for (const step of [1, 2, 3]) await first.logStepMetric(runId, { step, loss: 1 });
    await first.close();
    truncateSync(join(logDir, "generations", runId, "metrics.jsonl"), 0);
    const second = clientFor(server, logDir);
    for (const step of [1, 2, 3]) await second.logStepMetric(runId, { step, loss: 1 });
    await second.close();
    // Rows of the same bytes at the same places: they are other writes.
    expect(server.metrics.map(({ step }) => step)).toEqual([1, 2, 3, 1, 2, 3]);
  });
});

/** Checks that no row arrived twice; rows are identified by their steps, uris and tasks. */
function expectOnceEach(server: MockServer, cut: number): void {
  const names = [
    ...server.metrics.map(({ step }) => `metrics ${step}`),
    ...server.evals.map(({ metrics }) => `eval ${metrics.a}`),
    ...server.checkpoints.map(({ uri }) => `checkpoint ${uri}`),
    ...server.predictions.map(({ task_id }) => `prediction ${task_id}`),
    ...server.runs.map(({ seed }) => `run ${seed}`),
    ...server.experiments.map(({ experiment_name }) => `experiment ${experiment_name}`),
  ];
  expect({ cut, twice: names.filter((name, at) => names.indexOf(name) !== at) }).toEqual({ cut, twice: [] });
}

describe("the acknowledgement log", () => {
  // The long tests send 20,000 rows one by one, beside other tests.
  const limit = { timeout: IS_LONG ? 120_000 : 15_000 };

  it("stays small, and after thousands of rows still describes each of them", limit, async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { offline: true });
    const { runId } = await runOf(client);
    const checkpoint = await client.addCheckpoint(runId, { uri: "s3://1" });
    const rows = IS_LONG ? 20_000 : 3_200;
    for (let step = 0; step < rows; step += 1) await client.logStepMetric(runId, { step, loss: 1 });
    for (let n = 0; n < 20; n += 1) await client.logPredictions(runId, [prediction(`${n}.1`), prediction(`${n}.2`)]);
    await client.close();
    let asked = 0;
    const isDue = (path: string): boolean => path.endsWith("/metrics/") && ++asked % 150 === 0;
    server.failNext({ status: 422, times: 20, match: ({ path }) => isDue(path) });
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 20 });
    expect(statSync(join(logDir, "generations", runId, "sync", "acks.log")).size).toBeLessThan(70_000);

    expect(await sync(server, logDir)).toMatchObject({ delivered: 0, pending: 0, rejected: 20 });
    const later = clientFor(server, logDir);
    await later.createEval(runId, { metrics: { a: 1 }, checkpoint_id: checkpoint.id });
    await later.close();
    expect(await sync(server, logDir, { retryRejected: true })).toMatchObject({
      delivered: 20,
      pending: 0,
      rejected: 0,
    });
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe("rows of any size and script", () => {
  it.each([true, false])("logged in one tick arrive as written (offline: %s)", async (offline) => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { offline });
    const { runId } = await runOf(client);
    await Promise.all([
      client.logPredictions(runId, [prediction("é✓𝒳", "ü".repeat(700_000)), prediction("2")]),
      client.logPredictions(runId, [prediction("3", "𝒳".repeat(10))]),
      client.logStepMetric(runId, { step: 1, metrics: { "Verlust ü": 1, "\u2028": 2 } }),
      client.logStepMetric(runId, { step: 2, metrics: { 損失: 1 } }),
      client.updateRun(runId, { note: "日本\n語" }),
    ]);
    await client.close();
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe("a mirror that is deleted while a client is running", () => {
  it("is created again: later rows are in it, with keys of their own", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir);
    const { runId } = await runOf(client);
    for (const step of [1, 2, 3]) await client.logStepMetric(runId, { step, loss: 1 });
    rmSync(join(logDir, "generations", runId), { recursive: true });
    // A file is looked at once a millisecond.
    const removed = performance.now();
    await until(() => performance.now() > removed + 2);
    for (const step of [4, 5, 6]) await client.logStepMetric(runId, { step, loss: 1 });
    await client.updateRun(runId, { status: "completed" });
    const steps = (await collected(mirrorAt(logDir).metrics(runId))).map(({ step }) => step);
    expect(steps).toEqual([4, 5, 6]);
    expect(await client.close()).toMatchObject({ pending: 0, rejected: 0 });
    expect(await sync(server, logDir)).toMatchObject({ delivered: 0, pending: 0 });
    expect(server.metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(server.runs).toMatchObject([{ status: "completed" }]);
  });
});

describe("a patch with a field reserved for the mirror", () => {
  it("does not change the document's id", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir);
    const { runId } = await runOf(client);
    // Refused or set aside, as it may be: the folder's document stays that of its run.
    await client.updateRun(runId, { id: "another", _created_at: 1, note: "x" }).catch(() => {});
    expect(client.local.runs()).toMatchObject([{ id: runId, _created_at: expect.toSatisfy((at: number) => at > 1) }]);
  });
});

describe("a folder without a sync log", () => {
  /** As the Python client writes it: bare NaN, times of its own, no project. */
  function foreignMirror(logDir: string): void {
    const files = {
      "experiments/e-1/experiment.json": {
        id: "e-1",
        _created_at: 1.5,
        experiment_name: "foreign",
        status: "completed",
        _updated_at: 2.5,
      },
      "generations/r-1/generation.json": {
        id: "r-1",
        _created_at: 1.5,
        experiment_id: "e-1",
        seed: 1,
        status: "completed",
        _updated_at: 2.5,
      },
    };
    for (const [name, document] of Object.entries(files)) {
      mkdirSync(dirname(join(logDir, name)), { recursive: true });
      writeFileSync(join(logDir, name), JSON.stringify(document, null, 2));
    }
    const rows = [1, 2, 3].map(
      (step) => `{"step": ${step}, "split": "train", "metrics": {"loss": ${step === 2 ? "NaN" : step}}}\n`,
    );
    writeFileSync(join(logDir, "generations/r-1/metrics.jsonl"), rows.join(""));
  }

  it("is counted and reported, and sent only with --adopt, once", async () => {
    const [folder, server] = [temporaryFolder(), await backend()];
    const [logDir, copy] = [join(folder, "original"), join(folder, "copy")];
    foreignMirror(logDir);
    cpSync(logDir, copy, { recursive: true });
    expect(await sync(server, logDir)).toMatchObject({ delivered: 0, pending: 0, skipped: 2 });
    expect(server.requests).toEqual([]);
    for (const root of [logDir, logDir, copy]) {
      expect(await sync(server, root, { adopt: true })).toMatchObject({ pending: 0, rejected: 0 });
      expect(server.metrics.map(({ step }) => step).sort()).toEqual([1, 3]);
      expect(server.experiments).toMatchObject([{ experiment_name: "foreign", status: "completed", project_id: "p" }]);
      expect(server.runs).toMatchObject([{ seed: 1, status: "completed", experiment_id: server.experiments[0]?.id }]);
    }
    expect(await sync(server, logDir)).toMatchObject({ delivered: 0, pending: 0, rejected: 0 });
  });

  it("sends rows that its writer added since, if adopted again", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    foreignMirror(logDir);
    await sync(server, logDir, { adopt: true });
    const added = [4, 5].map((step) => `${JSON.stringify({ step, split: "train", metrics: { loss: 1 } })}\n`);
    appendFileSync(join(logDir, "generations/r-1/metrics.jsonl"), added.join(""));
    expect(await sync(server, logDir)).toMatchObject({ delivered: 0, pending: 0 });
    expect(await sync(server, logDir, { adopt: true, dryRun: true })).toMatchObject({ delivered: 0, pending: 2 });
    expect(await sync(server, logDir, { adopt: true })).toMatchObject({ delivered: 2, pending: 0, rejected: 0 });
    expect(await sync(server, logDir, { adopt: true })).toMatchObject({ delivered: 0, pending: 0 });
    expect(server.metrics.map(({ step }) => step)).toEqual([1, 3, 4, 5]);
  });

  it("is counted and left unchanged by a dry run with adopt", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    foreignMirror(logDir);
    const { pending, byKind, skipped } = await sync(server, logDir, { adopt: true, dryRun: true });
    const pendingOf = (kind: keyof typeof byKind): number => byKind[kind].pending;
    expect([pendingOf("experiments"), pendingOf("runs"), pendingOf("metrics"), skipped]).toEqual([1, 1, 3, 0]);
    expect(readdirSync(join(logDir, "generations/r-1")).sort()).toEqual(["generation.json", "metrics.jsonl"]);
    // The row without a finite number is no write in the end.
    expect(await sync(server, logDir, { adopt: true })).toMatchObject({ delivered: pending - 1, skipped: 1 });
  });

  it("is sent to each project separately", async () => {
    const [folder, server] = [temporaryFolder(), await backend()];
    for (const projectId of ["p", "q"]) {
      foreignMirror(join(folder, projectId));
      expect(await sync(server, join(folder, projectId), { adopt: true, projectId })).toMatchObject({ rejected: 0 });
    }
    expect(server.experiments).toMatchObject([{ project_id: "p" }, { project_id: "q" }]);
    expect(server.metrics).toHaveLength(4);
  });

  it("may have foreign rows among our own", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { offline: true });
    const { runId } = await runOf(client);
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    const metrics = join(logDir, "generations", runId, "metrics.jsonl");
    appendFileSync(metrics, '{"step": 100, "split": "train", "metrics": {"loss": 1}}\n');
    const added = performance.now();
    await until(() => performance.now() > added + 2);
    await client.logStepMetric(runId, { step: 2, loss: 1 });
    await client.close();
    await sync(server, logDir);
    expect(server.metrics.map(({ step }) => step).sort()).toEqual([1, 2]);
    expect(await sync(server, logDir, { adopt: true })).toMatchObject({ delivered: 1, pending: 0, rejected: 0 });
    expect(server.metrics.map(({ step }) => step)).toContain(100);
  });

  it("does not prevent our own run in the same mirror from being sent", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    foreignMirror(logDir);
    const client = clientFor(server, logDir, { offline: true });
    const { runId } = await runOf(client);
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    await client.close();
    expect(await sync(server, logDir)).toMatchObject({ delivered: 3, pending: 0, skipped: 2 });
  });
});

describe("a full disk", () => {
  it.runIf(canMakeFull)("throws a MirrorError, and nothing is sent for the call", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir);
    const { runId } = await runOf(client);
    const file = join(logDir, "generations", runId, "metrics.jsonl");
    makeFull(file);
    const error = await failureOf(() => client.logStepMetric(runId, { step: 1, loss: 1 }));
    expect(error).toBeInstanceOf(MirrorError);
    expect(error).toMatchObject({ path: file, cause: { code: "ENOSPC" } });
    await client.createEval(runId, { metrics: { a: 1 } });
    expect(await client.close()).toMatchObject({ pending: 0, byKind: { metrics: { delivered: 0, pending: 0 } } });
    expect(written(server, /metrics/)).toEqual([]);
    rmSync(file);
    const next = clientFor(server, logDir);
    await next.logStepMetric(runId, { step: 2, loss: 1 });
    expect(server.metrics.map(({ step }) => step)).toEqual([2]);
  });

  // Of lines of 241 bytes the seventeenth misses just its newline at 4,096 bytes; of the others some bytes more.
  const FULL: readonly (readonly [string, number])[] = [
    ["inside a row", 200],
    ["just before a newline", 241],
    ["between two rows", 256],
  ];
  it.each(IS_LONG ? FULL : FULL.slice(0, 2))(
    "that fills up %s: failed calls do not arrive, resolved and later ones do",
    async (_, lineBytes) => {
      const [logDir, server] = [temporaryFolder(), await backend()];
      const client = clientFor(server, logDir);
      const { runId } = await runOf(client);
      await client.close();
      const options = { baseUrl: server.url, logDir, runId, lineBytes };
      const { stdout, code } = await runLimited([programFile("fill-file.ts"), JSON.stringify(options)], 4).ended;
      expect(code).toBe(0);
      const { resolved, failed } = JSON.parse(stdout) as { resolved: number[]; failed: number[] };
      expect(resolved).toHaveLength(Math.floor(4_096 / lineBytes));

      const later = clientFor(server, logDir);
      for (const step of [900, 901]) await later.logStepMetric(runId, rowOf(step, lineBytes));
      await later.close();
      expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
      const steps = server.metrics.map(({ step }) => step).sort((a, b) => a - b);
      expect(steps).toEqual([...resolved, 900, 901]);
      expect(steps.filter((step) => failed.includes(step))).toEqual([]);
      expect(await differences(logDir, server)).toEqual(NONE);
    },
  );

  it.runIf(canMakeFull)("that cannot store an acknowledgement neither loses nor duplicates rows", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { offline: true });
    const { runId } = await runOf(client);
    for (const step of [1, 2, 3]) await client.logStepMetric(runId, { step, loss: 1 });
    await client.close();
    const acks = join(logDir, "generations", runId, "sync", "acks.log");
    expect(existsSync(acks)).toBe(false);
    makeFull(acks);
    await sync(server, logDir).catch((error) => expect(error).toBeInstanceOf(MirrorError));
    rmSync(acks);
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});

describe("non-finite numbers", () => {
  it("are omitted by a sync, and stay in the mirror", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(await deadServer(), logDir, { maxRetries: 0 });
    const { experimentId, runId } = await runOf(client);
    await client.logStepMetric(runId, { step: 1, loss: Number.NaN, accuracy: 0.5 });
    await client.logStepMetric(runId, { step: 2, loss: Number.POSITIVE_INFINITY, metrics: { nan: Number.NaN } });
    await client.logStepMetric(runId, { step: 3, metrics: { low: Number.NEGATIVE_INFINITY, zero: 0 } });
    await client.createEval(runId, { metrics: { a: Number.NaN, b: 1 } });
    await client.logPredictions(runId, [
      { ...prediction("a"), reward: Number.NaN, metadata: { nested: [Number.NaN] } },
    ]);
    await client.updateRun(runId, { summary: { best: Number.NaN, text: "NaN" } });
    await client.updateExperiment(experimentId, { current_iteration: 1, config_note: "x" } as never).catch(() => {});
    await client.close({ timeoutMs: 1 });

    const report = await sync(server, logDir);
    expect(report).toMatchObject({
      pending: 0,
      rejected: 0,
      skipped: 1,
      byKind: { metrics: { delivered: 2, skipped: 1 } },
    });
    expect(server.metrics.map(({ step, metrics }) => ({ step, metrics }))).toEqual([
      { step: 1, metrics: { accuracy: 0.5 } },
      { step: 3, metrics: { zero: 0 } },
    ]);
    expect(server.evals).toMatchObject([{ metrics: { b: 1 } }]);
    expect(server.predictions).toMatchObject([{ reward: null, metadata: { nested: [null] } }]);
    expect(server.runs).toMatchObject([{ summary: { best: null, text: "NaN" } }]);
    const kept = await collected(mirrorAt(logDir).metrics(runId));
    expect(kept.map(({ metrics }) => metrics)).toEqual([
      { loss: Number.NaN, accuracy: 0.5 },
      { loss: Number.POSITIVE_INFINITY, nan: Number.NaN },
      { low: Number.NEGATIVE_INFINITY, zero: 0 },
    ]);
    expect(await sync(server, logDir)).toMatchObject({ delivered: 0, pending: 0, skipped: 0 });
  });

  it("do not open the circuit, whether a call sends them or the backlog after an outage", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const client = clientFor(server, logDir, { maxRetries: 0 });
    const { runId } = await runOf(client);
    await client.logStepMetric(runId, { step: 1, loss: Number.NaN });
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
    server.failNext({ status: 503 });
    await client.logStepMetric(runId, { step: 2, loss: 1 });
    for (const step of [3, 4]) await client.logStepMetric(runId, { step, loss: Number.NaN, accuracy: step });
    await client.logStepMetric(runId, { step: 5, loss: Number.NaN });
    expect(await client.flush({ timeoutMs: 10_000 })).toMatchObject({ pending: 0, rejected: 0 });
    expect(server.metrics.map(({ step }) => step).sort()).toEqual([2, 3, 4]);
    expect(server.requests.filter(({ path }) => path.endsWith("/metrics/"))).toHaveLength(4);
  });
});

describe("a clock that goes backwards", () => {
  it("does not change the order of patches, within a process or across two", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    const preload = "backwards-clock.ts";
    const first = await remoteClient({ offline: true, logDir }, { preload });
    const experiment = await first.call("createExperiment", { experiment_name: "experiment" });
    const run = await first.call("createRun", { experiment_id: experiment.id, seed: 1 });
    for (const n of [1, 2, 3, 4]) await first.call("updateRun", run.id, { duration_seconds: n });
    await first.kill();
    const yearsAgo = String(Date.now() - 1e11);
    const second = await remoteClient({ offline: true, logDir }, { preload, env: { TEST_CLOCK_START: yearsAgo } });
    for (const n of [5, 6, 7, 8]) await second.call("updateRun", run.id, { duration_seconds: n });
    await second.kill();
    expect(mirrorAt(logDir).run(run.id)).toMatchObject({ duration_seconds: 8 });
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    const patches = written(server, /\/sdk\/runs\/[^/]+\/$/).map(({ body }) => Object(body).duration_seconds);
    expect(patches).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});
