import { randomUUID } from "node:crypto";
import type { Config } from "../config.js";
import { EvsysError, EvsysValidationError } from "../errors.js";
import type { Logger } from "../logger.js";
import { refuseUnsafeId } from "../mirror/paths.js";
import type { LocalExperimentStore } from "../mirror/store.js";
import {
  type AnswerOf,
  type BodyOf,
  type Created,
  type OperationName,
  operations,
  type RowAdded,
} from "../operations.js";
import type { Answer } from "../transport/answer.js";
import { type Attempt, createTransport, type Transport } from "../transport/transport.js";
import { issueAt, shown } from "../validation.js";
import { type Accepted, accept, jsonOf } from "./accept.js";
import { deliver } from "./attempts.js";
import { type Counted, emptyTally, reportOf, type SyncReport, type Tally, totalOf } from "./report.js";

/** Where the client stands towards the backend. */
export interface DeliveryStatus {
  /** `up`: sending. `down`: the backend is away, writes go to the mirror. `offline`: never sends. */
  readonly remote: "up" | "down" | "offline";
  /** Writes in the mirror that the backend does not have. */
  readonly pending: number;
  /** Writes that the backend refused. */
  readonly rejected: number;
}

const COUNTED_AS: Readonly<Record<OperationName, Counted>> = {
  createExperiment: "experiments",
  createRun: "runs",
  updateExperiment: "patches",
  updateRun: "patches",
  logStepMetric: "metrics",
  createEval: "evals",
  addCheckpoint: "checkpoints",
  logPredictions: "predictions",
};

/** Brings writes to the mirror and to the backend, in that order, and keeps going on the mirror when the backend is away. */
export class Delivery {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #store: LocalExperimentStore;
  readonly #transport: Transport;
  readonly #tally: Tally = emptyTally();
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #warnedSeries = new Set<string>();
  #remote: DeliveryStatus["remote"];
  #isClosed = false;

  constructor(config: Config, logger: Logger, store: LocalExperimentStore) {
    this.#config = config;
    this.#logger = logger;
    this.#store = store;
    this.#transport = createTransport(config);
    this.#remote = config.offline ? "offline" : "up";
  }

  status(): DeliveryStatus {
    const { pending, rejected } = totalOf(this.#tally);
    return { remote: this.#remote, pending, rejected };
  }

  /** Creates an experiment: at the backend where it can be reached, else in the mirror alone, under an id made here. */
  async createExperiment(body: unknown): Promise<Created<"createExperiment">> {
    const { fields, wire } = this.#accept("createExperiment", body);
    this.#store.prepare("experiment");
    const answer = await this.#send("createExperiment", {}, wire);
    const row = { ...fields, id: randomUUID(), ...answer?.experiment };
    this.#store.merge("experiment", row.id, fields);
    return row;
  }

  /** Creates a run: at the backend where it can be reached, else in the mirror alone, under an id made here. */
  async createRun(body: unknown): Promise<Created<"createRun">> {
    const { fields, wire } = this.#accept("createRun", body);
    this.#store.prepare("run");
    const answer = await this.#send("createRun", {}, wire);
    const row = { ...fields, id: randomUUID(), ...answer?.run };
    this.#store.merge("run", row.id, fields);
    return row;
  }

  /** Lays fields over an experiment. */
  async updateExperiment(id: string, patch: unknown): Promise<AnswerOf<"updateExperiment">> {
    refuseUnsafeId("updateExperiment", "experiment_id", id);
    const { fields, wire } = this.#accept("updateExperiment", patch);
    this.#store.merge("experiment", id, fields);
    const answer = await this.#send("updateExperiment", { experiment_id: id }, wire);
    return answer ?? { experiment_id: id, patched: Object.keys(fields) };
  }

  /** Lays fields over a run. */
  async updateRun(id: string, patch: unknown): Promise<AnswerOf<"updateRun">> {
    refuseUnsafeId("updateRun", "run_id", id);
    const { fields, wire } = this.#accept("updateRun", patch);
    this.#store.merge("run", id, fields);
    return (await this.#send("updateRun", { run_id: id }, wire)) ?? { id, patched: Object.keys(fields) };
  }

  /** Appends a row of metrics to a run. */
  async logStepMetric(runId: string, body: unknown): Promise<AnswerOf<"logStepMetric">> {
    refuseUnsafeId("logStepMetric", "run_id", runId);
    const { fields, wire } = this.#accept("logStepMetric", body);
    await this.#store.append(runId, "metrics", [fields]);
    if (Object.keys(wire.metrics).length === 0) {
      this.#tally.metrics.skipped += 1;
      return { ok: true };
    }
    return (await this.#send("logStepMetric", { run_id: runId }, wire)) ?? { ok: true };
  }

  /** Appends an eval or a checkpoint to a run, under an id of its own. */
  async rowWithId<Name extends "createEval" | "addCheckpoint">(
    name: Name,
    runId: string,
    body: unknown,
  ): Promise<RowAdded<Name>> {
    refuseUnsafeId(name, "run_id", runId);
    const { fields, wire } = this.#accept(name, body);
    const id = randomUUID();
    await this.#store.append(runId, operations[name].stream, [{ id, ...fields }]);
    const answer: AnswerOf<"createEval" | "addCheckpoint"> | undefined = await this.#send(
      name,
      { run_id: runId },
      wire,
    );
    return { ...fields, ...answer, ok: true, id: answer?.id ?? id };
  }

  /** Appends a batch of predictions to a run. */
  async logPredictions(runId: string, predictions: readonly unknown[]): Promise<AnswerOf<"logPredictions">> {
    refuseUnsafeId("logPredictions", "run_id", runId);
    const { fields, wire } = this.#accept("logPredictions", { predictions });
    await this.#store.append(runId, "predictions", fields.predictions);
    const inserted = fields.predictions.length;
    return (await this.#send("logPredictions", { run_id: runId }, wire, inserted)) ?? { ok: true, inserted };
  }

  /** Sends any body to any route. It is not mirrored: null where it was not sent. */
  async post(path: string, body: unknown): Promise<unknown> {
    this.#refuseIfClosed();
    if (typeof path !== "string" || !path.startsWith("/")) {
      throw new EvsysValidationError("post", [
        issueAt(["path"], `expected a path that starts with "/", got ${shown(path)}`),
      ]);
    }
    const text = body === undefined ? undefined : jsonOf("post", body);
    const answer = await this.#attempt({
      path,
      ids: {},
      body: text,
      idempotencyKey: randomUUID(),
      promised: undefined,
    });
    if (answer.kind === "away") return null;
    if (answer.kind !== "delivered") throw answer.error;
    return answer.body;
  }

  /** Waits for what is in flight, `timeoutMs` at the longest. */
  async flush(timeoutMs?: number): Promise<SyncReport> {
    const startedAt = performance.now();
    const settled = Promise.allSettled([...this.#inFlight]);
    if (timeoutMs === undefined) await settled;
    else {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([settled, late]);
      clearTimeout(timer);
    }
    return reportOf(this.#tally, startedAt);
  }

  /** Flushes, then gives back connections and files. No call is taken any more. */
  async close(timeoutMs?: number): Promise<SyncReport> {
    this.#isClosed = true;
    const report = await this.flush(timeoutMs);
    await this.#transport.close();
    this.#store.close();
    return report;
  }

  #accept<Name extends OperationName>(name: Name, body: unknown): Accepted<Name> {
    this.#refuseIfClosed();
    const accepted = accept(name, body);
    for (const { field, value } of accepted.nonFinite) {
      if (this.#warnedSeries.has(field)) continue;
      this.#warnedSeries.add(field);
      this.#logger.warn(
        `${name}: ${field} is ${value}; it is kept in the mirror and not sent. Further ones are not announced.`,
      );
    }
    return accepted;
  }

  /** The backend's answer, or undefined where the write is in the mirror alone for now. */
  async #send<Name extends OperationName>(
    name: Name,
    ids: Readonly<Record<string, string>>,
    wire: BodyOf<Name>,
    writes = 1,
  ): Promise<AnswerOf<Name> | undefined> {
    const { path, answer: promised, kind } = operations[name];
    const counts = this.#tally[COUNTED_AS[name]];
    const answer = await this.#attempt({
      path,
      ids,
      body: JSON.stringify(wire),
      idempotencyKey: randomUUID(),
      promised,
    });
    if (answer.kind === "delivered") {
      counts.delivered += writes;
      // The transport has held the body against this operation's schema.
      return answer.body as AnswerOf<Name>;
    }
    if (answer.kind === "away") return this.#keep(counts, writes);
    if (kind !== "create") counts[answer.kind === "refused" ? "rejected" : "pending"] += writes;
    throw answer.error;
  }

  #keep(counts: { pending: number }, writes: number): undefined {
    counts.pending += writes;
  }

  async #attempt(attempt: Attempt): Promise<Answer> {
    if (this.#remote !== "up") return { kind: "away", reason: this.#remote };
    const { timeoutMs, maxRetries } = this.#config;
    const sending = deliver(this.#transport, attempt, { timeoutMs, maxRetries });
    this.#inFlight.add(sending);
    const answer = await sending;
    this.#inFlight.delete(sending);
    if (answer.kind === "away" && this.#remote === "up") {
      this.#remote = "down";
      this.#logger.warn(
        `The backend at ${this.#config.baseUrl} is away (${answer.reason}). Writes go to ${this.#store.root}, and nothing is lost.`,
      );
    }
    return answer;
  }

  #refuseIfClosed(): void {
    if (this.#isClosed) throw new EvsysError("The client is closed; make a new DashboardClient to write on.");
  }
}
