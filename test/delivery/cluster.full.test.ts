import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { MockServer } from "../../src/testing/index.js";
import { collected } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { backend, clientFor, sync } from "./support/backend.js";
import { type Progress, runCluster } from "./support/cluster.js";
import { mirrorAt } from "./support/compare.js";
import { forEachSeed, IS_LONG, type Random, randomFrom, seeds } from "./support/random.js";

const LIMIT = { timeout: IS_LONG ? 1_800_000 : 60_000 };

interface Row {
  readonly step: number;
  readonly split: string;
  readonly metrics: Readonly<Record<string, number | null>>;
}

/** The rows of a run in its mirrors, one after the other. */
async function rowsIn(logDirs: readonly string[], runId: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const logDir of logDirs) {
    const mirror = mirrorAt(logDir);
    if (mirror.runs().some(({ id }) => id === runId)) rows.push(...(await collected(mirror.metrics(runId))));
  }
  return rows;
}

/** Fails every n-th row, so that rows are retried and overtake each other. */
function failSome(server: MockServer, random: Random): void {
  const match = ({ path }: { readonly path: string }): boolean => path.endsWith("/metrics/") && random.next() < 0.03;
  server.failNext({ status: 503, times: Number.POSITIVE_INFINITY, match });
}

const textOf = ({ step, split, metrics }: Row): string => `${split} ${step} ${metrics.loss}`;
const lastValues = (rows: readonly Row[]) => new Map(rows.map((row) => [`${row.split} ${row.step}`, row.metrics.loss]));

/** `logDirs`: the mirrors in the order of their jobs. The backend has one run, with each row of the mirrors once and the last value of each step. */
async function expectOneRun(server: MockServer, logDirs: readonly string[], { runId, lastSteps }: Progress) {
  // The order of the mirrors says nothing.
  const given = logDirs.toReversed();
  expect(await sync(server, "", { logDirs: given, maxRetries: 8 })).toMatchObject({
    pending: 0,
    rejected: 0,
    skipped: 0,
  });
  expect(server.experiments).toMatchObject([{ experiment_name: "cluster" }]);
  expect(server.runs).toMatchObject([{ seed: 1, status: "running" }]);
  const mirrored = await rowsIn(logDirs, runId);
  expect(server.metrics.map(textOf).sort()).toEqual(mirrored.map(textOf).sort());
  lastSteps.forEach((last, job) => {
    if (last !== undefined) expect(mirrored.map(textOf)).toContain(`train ${last} ${job}`);
  });
  expect(lastValues(server.metrics)).toEqual(lastValues(mirrored));
  expect(server.requests.filter(({ repeated }) => repeated)).toEqual([]);
  const patched = server.requests.filter(({ path, committed }) => committed && /\/sdk\/runs\/[^/]+\/$/.test(path));
  const jobs = patched.flatMap(({ body }) => Object(body).job ?? []);
  expect(jobs).toEqual([...jobs].sort((a, b) => a - b));
  expect(await sync(server, "", { logDirs })).toMatchObject({ delivered: 0, pending: 0 });
}

describe("ten jobs, each killed at a random moment, that resume one run offline", () => {
  it("are delivered as one run from a shared folder", LIMIT, () =>
    forEachSeed(seeds(2, 30), async (seed) => {
      const [random, logDir, server] = [randomFrom(seed), temporaryFolder(), await backend()];
      const played = await runCluster(random, () => logDir);
      failSome(server, random);
      await expectOneRun(server, [logDir], played);
      const client = clientFor({ url: "http://127.0.0.1:9" }, logDir, { offline: true });
      await client.withRun({ run_id: played.runId, trackBest: "loss" }, (run) => run.logStep({ loss: -1 }));
      const highest = Math.max(...server.metrics.filter(({ split }) => split === "train").map(({ step }) => step));
      await client.close();
      await sync(server, logDir, { maxRetries: 8 });
      const best = Math.max(...server.metrics.map(({ metrics }) => metrics.loss ?? 0));
      expect(server.metrics.at(-1)).toMatchObject({ step: highest + 1, metrics: { loss: -1 } });
      expect(server.runs).toMatchObject([{ status: "completed", summary: { best_score: best } }]);
      expect(server.runs[0]?.duration_seconds).toBeGreaterThan(0);
      expect(server.experiments).toMatchObject([{ status: "completed", best_score: best }]);
    }),
  );

  it("are delivered as one run from a folder each, synced together in any order", LIMIT, () =>
    forEachSeed(seeds(2, 30), async (seed) => {
      const [random, root, server] = [randomFrom(seed), temporaryFolder(), await backend()];
      const logDirs: string[] = [];
      const played = await runCluster(random, (job) => {
        logDirs[job] = join(root, String(job));
        return join(root, String(job));
      });
      failSome(server, random);
      const there = logDirs.filter((logDir) => existsSync(logDir));
      await expectOneRun(server, there, played);
    }),
  );
});
