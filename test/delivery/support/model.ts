import { expect } from "vitest";
import type { MockServer } from "../../../src/testing/index.js";
import { backend, sync } from "./backend.js";
import { differences, mirrorAt, NONE } from "./compare.js";
import { prediction } from "./predictions.js";
import { type RemoteClient, remoteClient } from "./remote-client.js";

/** An event. `a` and `b` select among the existing entities. */
export interface Step {
  readonly kind:
    | "experiment"
    | "run"
    | "metrics"
    | "checkpoint"
    | "eval"
    | "predictions"
    | "run patch"
    | "experiment patch"
    | "burst and kill"
    | "kill"
    | "outage"
    | "restart"
    | "lost responses"
    | "flush"
    | "sync";
  readonly a: number;
  readonly b: number;
}

interface Entity {
  /** Unique in the mirror and in the backend. */
  readonly name: string;
  /** The id that its caller received. */
  readonly id: string;
  readonly fields: Record<string, number>;
}

/**
 * A simple model of what the backend must have in the end, run beside the real client in its own process, its mirror,
 * and a backend that stops and restarts.
 */
export class Simulation {
  readonly #logDir: string;
  readonly #delivery: "await" | "background";
  readonly #experiments: Entity[] = [];
  readonly #runs: Entity[] = [];
  /** The rows whose calls resolved, and those whose calls were interrupted by a kill. */
  readonly #accepted = new Set<string>();
  readonly #possible = new Set<string>();
  readonly #checkpoints: string[] = [];
  readonly #evals: string[] = [];
  #server: MockServer;
  #isUp = true;
  #client: RemoteClient | undefined;
  #next = 1;

  private constructor(logDir: string, server: MockServer, delivery: "await" | "background") {
    this.#logDir = logDir;
    this.#server = server;
    this.#delivery = delivery;
  }

  static async begin(logDir: string, delivery: "await" | "background"): Promise<Simulation> {
    return new Simulation(logDir, await backend(), delivery);
  }

  async take(step: Step): Promise<void> {
    const n = this.#next++;
    const steps = this.#steps(n, step);
    await steps[step.kind]();
  }

  /** Starts the backend, closes the client, and syncs until nothing is pending. */
  async end(): Promise<void> {
    await this.#kill();
    await this.#restart();
    if (mirrorAt(this.#logDir).experiments().length === 0) return;
    expect(await sync(this.#server, this.#logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(this.#logDir, this.#server)).toEqual(NONE);
    expect(this.#server.requests.filter(({ status = 0 }) => status >= 400)).toEqual([]);

    const backendHas = (rows: readonly { readonly [field: string]: unknown }[], field: string): unknown[] =>
      rows.map((row) => row[field]);
    const { experiments, runs, metrics, checkpoints, evals, predictions } = this.#server;
    expect(experiments.map((row) => row.experiment_name).sort()).toEqual(
      this.#experiments.map(({ name }) => name).sort(),
    );
    expect(backendHas(runs, "seed").map(String).sort()).toEqual(this.#runs.map(({ name }) => name).sort());
    for (const { name, fields } of this.#runs)
      expect(runs.find(({ seed }) => String(seed) === name)).toMatchObject(fields);
    for (const { name, fields } of this.#experiments) {
      expect(experiments.find((row) => row.experiment_name === name)).toMatchObject(fields);
    }
    const there = [
      ...metrics.map(({ step }) => `metrics ${step}`),
      ...checkpoints.map(({ uri }) => `checkpoint ${uri}`),
      ...evals.map(({ step }) => `eval ${step}`),
      ...predictions.map(({ task_id }) => `prediction ${task_id}`),
    ];
    expect(new Set(there).size).toBe(there.length);
    expect([...this.#accepted].filter((row) => !there.includes(row))).toEqual([]);
    expect(there.filter((row) => !this.#accepted.has(row) && !this.#possible.has(row))).toEqual([]);
  }

  #steps(n: number, { a, b }: Step): Record<Step["kind"], () => Promise<unknown>> {
    const experiment = this.#experiments[a % Math.max(1, this.#experiments.length)];
    const run = this.#runs[a % Math.max(1, this.#runs.length)];
    const onRun = (write: (client: RemoteClient, run: Entity) => Promise<unknown>) => async () => {
      if (run !== undefined) await write(await this.#open(), run);
    };
    return {
      experiment: async () => {
        const client = await this.#open();
        const { id } = await client.call("createExperiment", { experiment_name: `e${n}` });
        this.#experiments.push({ name: `e${n}`, id, fields: {} });
      },
      run: async () => {
        if (experiment === undefined) return;
        const { id } = await (await this.#open()).call("createRun", { experiment_id: experiment.id, seed: n });
        this.#runs.push({ name: String(n), id, fields: {} });
      },
      metrics: onRun(async (client, { id }) => {
        await client.call("logStepMetric", id, { step: n, loss: b });
        this.#accepted.add(`metrics ${n}`);
      }),
      checkpoint: onRun(async (client, { id }) => {
        const row = await client.call("addCheckpoint", id, { uri: `s3://${n}` });
        this.#checkpoints.push(row.id);
        this.#accepted.add(`checkpoint s3://${n}`);
      }),
      eval: onRun(async (client, { id }) => {
        const checkpoint_id = this.#checkpoints[b % Math.max(1, this.#checkpoints.length)];
        const row = await client.call("createEval", id, { metrics: { a: n }, step: n, checkpoint_id });
        this.#evals.push(row.id);
        this.#accepted.add(`eval ${n}`);
      }),
      predictions: onRun(async (client, { id }) => {
        const eval_id = this.#evals[b % Math.max(1, this.#evals.length)];
        const tasks = Array.from({ length: 1 + (b % 3) }, (_, at) => `${n}.${at}`);
        await client.call(
          "logPredictions",
          id,
          tasks.map((task) => ({ ...prediction(task), eval_id })),
        );
        for (const task of tasks) this.#accepted.add(`prediction ${task}`);
      }),
      "run patch": onRun(async (client, { id, fields }) => {
        const patch = { duration_seconds: n, [`p${b % 4}`]: n };
        await client.call("updateRun", id, patch);
        Object.assign(fields, patch);
      }),
      "experiment patch": async () => {
        if (experiment === undefined) return;
        const best_generation_id = run?.id;
        await (await this.#open()).call("updateExperiment", experiment.id, {
          current_iteration: n,
          best_generation_id,
        });
        Object.assign(experiment.fields, { current_iteration: n });
      },
      "burst and kill": onRun(async (client, { id }) => {
        const calls = Array.from({ length: 4 + (b % 12) }, async (_, at) => {
          const step = 1_000 * n + at;
          this.#possible.add(`metrics ${step}`);
          await client.call("logStepMetric", id, { step, loss: 1 });
          this.#accepted.add(`metrics ${step}`);
        });
        await Promise.allSettled(calls.slice(0, 1 + (a % 4)));
        await this.#kill();
        await Promise.allSettled(calls);
      }),
      kill: () => this.#kill(),
      outage: async () => {
        await this.#server.stop();
        this.#isUp = false;
      },
      restart: () => this.#restart(),
      "lost responses": async () => {
        this.#server.failNext({ reset: true, afterCommit: true, times: 1 + (b % 4) });
      },
      flush: async () => {
        await this.#client?.call("flush", { timeoutMs: 50 });
      },
      sync: async () => {
        if (mirrorAt(this.#logDir).experiments().length === 0) return;
        expect(await sync(this.#server, this.#logDir, { maxRetries: 0 })).toHaveProperty("rejected", 0);
      },
    };
  }

  async #open(): Promise<RemoteClient> {
    this.#client ??= await remoteClient({
      baseUrl: this.#server.url,
      logDir: this.#logDir,
      delivery: this.#delivery,
      maxRetries: 0,
      logLevel: "CRITICAL",
    });
    return this.#client;
  }

  async #kill(): Promise<void> {
    await this.#client?.kill();
    this.#client = undefined;
  }

  /** Restarts the backend with its rows and keys. */
  async #restart(): Promise<void> {
    if (this.#isUp) await this.#server.stop();
    this.#server = await backend({ port: this.#server.port, state: this.#server.state });
    this.#isUp = true;
  }
}
