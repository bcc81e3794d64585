import fc from "fast-check";
import { afterEach, expect, it } from "vitest";
import { type DashboardClient, MirrorError, type SyncReport } from "../../src/index.js";
import { startMockServer } from "../../src/testing/index.js";
import { replaceFileCall, restoreFileCalls } from "../support/file-calls.js";
import { temporaryFolder } from "../support/folders.js";
import { clientFor, sync } from "./support/backend.js";
import { prediction } from "./support/predictions.js";
import { IS_FULL, IS_LONG } from "./support/random.js";

const CALLS = [
  "writeSync",
  "openSync",
  "renameSync",
  "fstatSync",
  "ftruncateSync",
  "readSync",
  "readdirSync",
  "lstatSync",
  "statSync",
  "mkdirSync",
  "closeSync",
] as const;
/** How many sequences are tried, a fifth of a second each. */
const RUNS = IS_LONG ? 500 : IS_FULL ? 60 : 12;
const LIMIT = { timeout: IS_LONG ? 1_800_000 : 60_000 };
/** FC_SEED repeats a run that failed. */
const SEED = Number(process.env.FC_SEED ?? (IS_LONG ? Date.now() % 2 ** 31 : IS_FULL ? 20_240_602 : 20_240_601));

/** Makes a number of calls of one function fail, from the n-th one. */
function failCalls(name: (typeof CALLS)[number], from: number, times: number, code: string): void {
  let calls = 0;
  replaceFileCall(name, (original) => (...args) => {
    calls += 1;
    if (calls < from || calls >= from + times) return original(...args);
    throw Object.assign(new Error(`${code}: made to fail, ${name}`), { code, syscall: name });
  });
}

afterEach(restoreFileCalls);

function expectNoNegativeCount(report: Partial<SyncReport>): void {
  const tables: readonly object[] = [report, ...Object.values(report.byKind ?? {})];
  const negative = tables.flatMap((table) => Object.entries(table)).filter(([, value]) => value < 0);
  expect(negative).toEqual([]);
}

/** The eight writes, each with a unique token. */
const WRITES = ["metrics", "predictions", "batch", "eval", "checkpoint", "runPatch", "run", "experimentPatch"] as const;

interface Ids {
  readonly experiment: string;
  readonly run: string;
}

function write(client: DashboardClient, kind: (typeof WRITES)[number], { experiment, run }: Ids, n: number) {
  const writes = {
    metrics: () => client.logStepMetric(run, { step: n, loss: 1 }),
    predictions: () => client.logPredictions(run, [prediction(`${n}`)]),
    batch: () => client.logPredictions(run, [prediction(`${n}`), prediction(`${n}+`)]),
    eval: () => client.createEval(run, { metrics: { n } }),
    checkpoint: () => client.addCheckpoint(run, { uri: `s3://${n}` }),
    runPatch: () => client.updateRun(run, { duration_seconds: n }),
    run: () => client.createRun({ experiment_id: experiment, seed: n }),
    experimentPatch: () => client.updateExperiment(experiment, { current_iteration: n }),
  };
  return writes[kind]();
}

/** How often a write was done at the backend. */
function timesDone(
  server: Awaited<ReturnType<typeof startMockServer>>,
  kind: (typeof WRITES)[number],
  n: number,
): number {
  const patches = (field: string) =>
    server.requests.filter(({ body, committed }) => committed && Object(body)[field] === n);
  const rows = {
    metrics: () => server.metrics.filter(({ step }) => step === n),
    predictions: () => server.predictions.filter(({ task_id }) => task_id === `${n}`),
    batch: () => server.predictions.filter(({ task_id }) => task_id === `${n}+`),
    eval: () => server.evals.filter(({ metrics }) => metrics.n === n),
    checkpoint: () => server.checkpoints.filter(({ uri }) => uri === `s3://${n}`),
    runPatch: () => patches("duration_seconds"),
    run: () => server.runs.filter(({ seed }) => seed === n),
    experimentPatch: () => patches("current_iteration"),
  };
  return rows[kind]().length;
}

it(
  "for any failing file system call, a write that threw is not sent, and one that resolved is delivered once",
  LIMIT,
  async () => {
    const scenario = fc.record({
      writes: fc.array(fc.constantFrom(...WRITES), { minLength: 3, maxLength: 12 }),
      isConcurrent: fc.boolean(),
      name: fc.constantFrom(...CALLS),
      from: fc.integer({ min: 1, max: 25 }),
      times: fc.integer({ min: 1, max: 4 }),
      code: fc.constantFrom("ENOSPC", "EIO"),
    });
    const property = fc.asyncProperty(scenario, async ({ writes, isConcurrent, name, from, times, code }) => {
      const [logDir, server] = [temporaryFolder(), await startMockServer()];
      try {
        const client = clientFor(server, logDir, { maxRetries: 0 });
        const experiment = await client.createExperiment({ experiment_name: "experiment" });
        const run = await client.createRun({ experiment_id: experiment.id, seed: 0 });
        const ids = { experiment: experiment.id, run: run.id };
        failCalls(name, from, times, code);
        const ended: PromiseSettledResult<unknown>[] = [];
        if (isConcurrent)
          ended.push(...(await Promise.allSettled(writes.map((kind, at) => write(client, kind, ids, at + 1)))));
        else {
          for (const [at, kind] of writes.entries()) {
            ended.push(...(await Promise.allSettled([write(client, kind, ids, at + 1)])));
            expectNoNegativeCount(client.status());
          }
        }
        restoreFileCalls();
        expectNoNegativeCount(await client.flush({ timeoutMs: 5_000 }));
        expectNoNegativeCount(client.status());
        expectNoNegativeCount(await client.close({ timeoutMs: 5_000 }));
        const report = await sync(server, logDir);
        expect(report).toMatchObject({ pending: 0, rejected: 0 });
        expectNoNegativeCount(report);
        const done = writes.map((kind, at) => `${kind} ${at + 1}: ${timesDone(server, kind, at + 1)}`);
        const promised = ended.map((result, at) => {
          if (result.status === "rejected") expect(result.reason).toBeInstanceOf(MirrorError);
          // The backend makes a run before the mirror has it.
          if (result.status === "rejected" && writes[at] === "run") return done[at];
          return `${writes[at]} ${at + 1}: ${result.status === "fulfilled" ? 1 : 0}`;
        });
        expect(done).toEqual(promised);
      } finally {
        restoreFileCalls();
        await server.stop();
      }
    });
    await fc.assert(property, { numRuns: RUNS, seed: SEED });
  },
);
