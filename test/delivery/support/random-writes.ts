import { setTimeout as sleep } from "node:timers/promises";
import type { DashboardClient } from "../../../src/index.js";
import { prediction } from "./predictions.js";
import { randomFrom } from "./random.js";

/** A write whose call resolved; the token is unique among its kind. */
export interface Accepted {
  readonly kind:
    | "experiment"
    | "run"
    | "metrics"
    | "checkpoint"
    | "eval"
    | "prediction"
    | "run patch"
    | "experiment patch";
  readonly token: string;
}

/** The amount and the kinds of writes. */
export interface Amount {
  readonly seed: number;
  /** The maximum number of unresolved calls. */
  readonly inFlight: number;
  /** The number of writes. Default: unlimited. */
  readonly writes?: number | undefined;
  /** The pause after each write in milliseconds. Default: none. */
  readonly pauseMs?: number | undefined;
  /** Writes of one kind only. */
  readonly only?: "metrics" | "predictions" | "runPatch" | undefined;
}

/** Makes writes in an order that depends on the seed, and reports each call that resolved. */
export async function writeAll(
  client: DashboardClient,
  { seed, inFlight, writes = Number.POSITIVE_INFINITY, pauseMs, only }: Amount,
  accepted: (write: Accepted) => void,
): Promise<void> {
  const random = randomFrom(seed);
  const experiment = await client.createExperiment({ experiment_name: `experiment-${seed}` });
  accepted({ kind: "experiment", token: `experiment-${seed}` });
  const runs: string[] = [];
  for (const number of [1, 2]) {
    const run = await client.createRun({ experiment_id: experiment.id, seed: 10 * seed + number, status: "running" });
    accepted({ kind: "run", token: String(run.seed) });
    runs.push(run.id);
  }
  const checkpoints: string[] = [];
  const evals: string[] = [];

  const writers = {
    async metrics(n: number, run: string) {
      await client.logStepMetric(run, { step: n, loss: 1 / n, metrics: { padding: Math.PI } });
      accepted({ kind: "metrics", token: String(n) });
    },
    async checkpoint(n: number, run: string) {
      const { id } = await client.addCheckpoint(run, { uri: `s3://bucket/${n}`, step: n });
      checkpoints.push(id);
      accepted({ kind: "checkpoint", token: `s3://bucket/${n}` });
    },
    async eval(n: number, run: string) {
      const checkpoint_id = checkpoints.at(-1);
      const { id } = await client.createEval(run, { metrics: { accuracy: n }, step: n, checkpoint_id });
      evals.push(id);
      accepted({ kind: "eval", token: String(n) });
    },
    async predictions(n: number, run: string) {
      const tasks = Array.from({ length: random.pick([1, 1, 2, 7]) }, (_, at) => `${n}.${at}`);
      const eval_id = evals.at(-1);
      await client.logPredictions(
        run,
        tasks.map((task) => ({ ...prediction(task), eval_id })),
      );
      for (const token of tasks) accepted({ kind: "prediction", token });
    },
    async runPatch(n: number, run: string) {
      await client.updateRun(run, { duration_seconds: n, [`patch_${n}`]: n });
      accepted({ kind: "run patch", token: `patch_${n}` });
    },
    async experimentPatch(n: number, run: string) {
      await client.updateExperiment(experiment.id, { current_iteration: n, best_generation_id: run });
      accepted({ kind: "experiment patch", token: String(n) });
    },
  };
  type Kind = keyof typeof writers;
  const mix: readonly Kind[] = [
    ...Array<Kind>(6).fill("metrics"),
    ...Array<Kind>(2).fill("predictions"),
    "checkpoint",
    "eval",
    "runPatch",
    "experimentPatch",
  ];
  const running = new Set<Promise<void>>();
  for (let n = 1; n <= writes; n += 1) {
    const call = writers[only ?? random.pick(mix)](n, random.pick(runs)).finally(() => running.delete(call));
    running.add(call);
    if (running.size >= inFlight) await Promise.race(running);
    if (pauseMs !== undefined) await sleep(pauseMs);
  }
  await Promise.all(running);
}
