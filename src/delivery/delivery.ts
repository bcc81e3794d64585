import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Config } from "../config.js";
import { EvsysError, EvsysValidationError, errorOfAnswer } from "../errors.js";
import type { Logger } from "../logger.js";
import { encode } from "../mirror/lossless-json.js";
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
import { issueAt, shown } from "../validation.js";
import { accept, jsonOf } from "./accept.js";
import { Backlog } from "./backlog.js";
import { Courier, type Remote } from "./courier.js";
import { onExit } from "./farewell.js";
import type { Folder } from "./folder.js";
import { Folders } from "./folders.js";
import { sendAppended, sendPatch, within } from "./live.js";
import { type Outcome, PENDING } from "./outcome.js";
import { outgoing } from "./outgoing.js";
import { hasBacklog, RANKS } from "./ranks.js";
import type { SyncReport } from "./report.js";

const LOOK_AROUND_EVERY_MS = 1_000;
const WAIT_FOR_BACKEND_MS = 250;
/** Awaited local calls are microtasks only; now and then the timers get a turn. */
const CALLS_BETWEEN_TURNS = 64;

/** Where the client stands towards the backend. */
export interface DeliveryStatus {
  /** `up`: sending. `down`: the backend is away, writes go to the mirror. `offline`: never sends. */
  readonly remote: Remote;
  /** Writes in the mirror that the backend does not have, of what this client has written and has found where it wrote. */
  readonly pending: number;
  /** Writes that the backend refused. */
  readonly rejected: number;
}

type Row = Readonly<Record<string, unknown>>;
type RowName = "logStepMetric" | "createEval" | "addCheckpoint" | "logPredictions";

/** Brings writes to the mirror and to the backend, in that order, and keeps going on the mirror when the backend is away. */
export class Delivery {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #store: LocalExperimentStore;
  readonly #courier: Courier;
  readonly #folders: Folders;
  readonly #backlog: Backlog;
  readonly #creating = new Set<Promise<unknown>>();
  readonly #warnedSeries = new Set<string>();
  readonly #forgetExit: () => void;
  #lookingAround: NodeJS.Timeout | undefined;
  #calls = 0;
  #isClosed = false;

  constructor(config: Config, logger: Logger, store: LocalExperimentStore) {
    this.#config = config;
    this.#logger = logger;
    this.#store = store;
    this.#courier = new Courier(config, logger, {
      onRemote: (remote, reason) => this.#onRemote(remote, reason),
      onError: (error) => this.#onError(error),
    });
    this.#folders = new Folders(store, this.#courier);
    this.#backlog = new Backlog(this.#courier, () => this.#folders.all());
    this.#forgetExit = onExit({
      pending: () => this.#courier.tally.total.pending,
      root: store.root,
      isQuiet: config.logLevel === "ERROR" || config.logLevel === "CRITICAL",
      release: () => this.#folders.close(),
    });
  }

  status(): DeliveryStatus {
    const { pending, rejected } = this.#courier.tally.total;
    return { remote: this.#courier.remote, pending, rejected };
  }

  /** Creates an experiment: at the backend where it can be reached, else in the mirror alone, under an id made here. */
  async createExperiment(body: unknown): Promise<Created<"createExperiment">> {
    const { fields, key, answer } = await this.#create("createExperiment", body);
    const row = { ...fields, id: key, ...answer?.experiment };
    this.#keep("createExperiment", row.id, key, fields, answer !== undefined);
    return row;
  }

  /** Creates a run: at the backend where it can be reached, else in the mirror alone, under an id made here. */
  async createRun(body: unknown): Promise<Created<"createRun">> {
    const { fields, key, answer } = await this.#create("createRun", body);
    const row = { ...fields, id: key, ...answer?.run };
    this.#keep("createRun", row.id, key, fields, answer !== undefined);
    return row;
  }

  /** Lays fields over an experiment. */
  async updateExperiment(id: string, patch: unknown): Promise<AnswerOf<"updateExperiment">> {
    const { answer, fields } = await this.#patch("updateExperiment", id, patch);
    return answer ?? { experiment_id: id, patched: Object.keys(fields) };
  }

  /** Lays fields over a run. */
  async updateRun(id: string, patch: unknown): Promise<AnswerOf<"updateRun">> {
    const { answer, fields } = await this.#patch("updateRun", id, patch);
    return answer ?? { id, patched: Object.keys(fields) };
  }

  /** Appends a row of metrics to a run. */
  async logStepMetric(runId: string, body: unknown): Promise<AnswerOf<"logStepMetric">> {
    const fields = this.#accept("logStepMetric", body, runId);
    return (await this.#append("logStepMetric", runId, [fields])) ?? { ok: true };
  }

  /** Appends an eval or a checkpoint to a run, under an id of its own. */
  async rowWithId<Name extends "createEval" | "addCheckpoint">(
    name: Name,
    runId: string,
    body: unknown,
  ): Promise<RowAdded<Name>> {
    const fields = this.#accept(name, body, runId);
    const id = randomUUID();
    this.#courier.ids.expect(name === "createEval" ? "eval" : "checkpoint", id);
    const answer: AnswerOf<"createEval" | "addCheckpoint"> | undefined = await this.#append(name, runId, [
      { id, ...fields },
    ]);
    return { ...fields, ...answer, ok: true, id: answer?.id ?? id };
  }

  /** Appends a batch of predictions to a run. */
  async logPredictions(runId: string, predictions: readonly unknown[]): Promise<AnswerOf<"logPredictions">> {
    const fields = this.#accept("logPredictions", { predictions }, runId);
    const answer = await this.#append("logPredictions", runId, fields.predictions);
    return answer ?? { ok: true, inserted: fields.predictions.length };
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
    if (!this.#courier.isUp) return null;
    const attempt = { path, ids: {}, body: text, idempotencyKey: randomUUID(), promised: undefined };
    const answer = await this.#courier.carryTo(attempt, this.#courier.awaited(this.#config.timeoutMs));
    if (answer.kind === "away") return null;
    if (answer.kind !== "delivered") throw errorOfAnswer(answer.failure);
    return answer.body;
  }

  /**
   * Sends what is pending. Without a deadline it makes one honest try and returns; with one it goes on trying until all
   * is delivered or the time is up.
   */
  async flush(timeoutMs?: number): Promise<SyncReport> {
    const startedAt = performance.now();
    const deadline = startedAt + (timeoutMs ?? Number.POSITIVE_INFINITY);
    const left = (): number => deadline - performance.now();
    for (let hasTried = false; this.#courier.remote !== "offline"; hasTried = true) {
      await within(left(), this.#settled());
      if (this.#courier.tally.total.pending === 0 || left() <= 0) break;
      if (hasTried && timeoutMs === undefined) break;
      if (hasTried) await within(Math.min(left(), WAIT_FOR_BACKEND_MS), new Promise(() => {}));
      if (!this.#courier.isUp || this.#courier.blocked !== undefined) await within(left(), this.#backlog.probe());
      this.#folders.refresh();
    }
    return this.#courier.tally.report(startedAt, this.#obstacle());
  }

  /** Flushes, then gives back connections, files and locks. No call is taken any more. */
  async close(timeoutMs?: number): Promise<SyncReport> {
    this.#isClosed = true;
    const report = await this.flush(timeoutMs);
    clearInterval(this.#lookingAround);
    this.#backlog.stop();
    await this.#courier.close();
    await within(this.#config.timeoutMs, this.#settled());
    this.#folders.close();
    if (report.pending === 0) this.#forgetExit();
    return report;
  }

  /** All that is on its way now has come to rest. */
  async #settled(): Promise<void> {
    await Promise.allSettled([...this.#creating, ...[...this.#folders.all()].flatMap(({ inFlight }) => [...inFlight])]);
    if (this.#courier.isUp && this.#courier.blocked === undefined && !this.#courier.isStopped)
      await this.#backlog.drain();
  }

  #obstacle(): string | undefined {
    if (this.#courier.blocked !== undefined) return this.#courier.blocked;
    for (const { holder } of this.#folders.all()) {
      if (holder !== undefined) return `process ${holder.pid} on ${holder.host} sends for what it logs to as well`;
    }
    return undefined;
  }

  async #create<Name extends "createExperiment" | "createRun">(
    name: Name,
    body: unknown,
  ): Promise<{ fields: BodyOf<Name>; key: string; answer: AnswerOf<Name> | undefined }> {
    const fields = this.#accept(name, body);
    const key = randomUUID();
    this.#store.prepare(operations[name].entity);
    this.#folders.learnReferences(name, fields);
    const made = outgoing(name, fields, this.#courier.ids);
    if (!this.#isAwaiting || "waitsFor" in made) return { fields, key, answer: undefined };
    const sending = this.#courier.carry(
      name,
      {},
      JSON.stringify(made.body),
      key,
      this.#courier.awaited(this.#config.timeoutMs),
    );
    this.#creating.add(sending);
    const answer = await sending.finally(() => this.#creating.delete(sending));
    if (answer.kind === "away") return { fields, key, answer: undefined };
    if (answer.kind !== "delivered") throw errorOfAnswer({ ...answer.failure, pending: false });
    // The transport has held the body against this operation's schema.
    return { fields, key, answer: answer.body as AnswerOf<Name> };
  }

  /** Mirrors a create. One that the backend did not answer goes out later, under the same key. */
  #keep(name: "createExperiment" | "createRun", id: string, key: string, fields: Row, isDelivered: boolean): void {
    this.#folders.make(operations[name].entity, id, key, fields, isDelivered);
    if (!isDelivered) this.#backlog.kick();
  }

  async #patch<Name extends "updateExperiment" | "updateRun">(
    name: Name,
    id: string,
    body: unknown,
  ): Promise<{ fields: BodyOf<Name>; answer: AnswerOf<Name> | undefined }> {
    const { entity } = operations[name];
    refuseUnsafeId(name, `${entity}_id`, id);
    const fields = this.#accept(name, body);
    this.#folders.learnReferences(name, fields);
    const deadline = performance.now() + this.#config.timeoutMs;
    const folder = this.#open(entity, id);
    const isFirstInLine = !this.#backlog.isDraining && !RANKS.some((rank) => hasBacklog(folder, rank));
    const operation = folder.entity.patch(randomUUID(), fields);
    folder.added("patches", 1);
    const isLive = this.#isLive(folder) && isFirstInLine;
    const outcome = isLive ? await sendPatch(folder, operation, deadline) : PENDING;
    return { fields, answer: await this.#answered<Name>(outcome) };
  }

  async #append<Name extends RowName>(
    name: Name,
    runId: string,
    rows: readonly Row[],
  ): Promise<AnswerOf<Name> | undefined> {
    const { stream } = operations[name];
    const deadline = performance.now() + this.#config.timeoutMs;
    for (const row of rows) this.#folders.learnReferences(name, row);
    const folder = this.#open("run", runId);
    const ranges = await Promise.all(rows.map((row) => folder.entity.append(stream, encode(row))));
    folder.added(stream, rows.length);
    const range = { start: ranges[0]?.start ?? 0, end: ranges.at(-1)?.end ?? 0 };
    const outcome = this.#isLive(folder) ? await sendAppended(folder, stream, range, deadline) : PENDING;
    return this.#answered<Name>(outcome);
  }

  async #answered<Name extends OperationName>(outcome: Outcome): Promise<AnswerOf<Name> | undefined> {
    if (outcome.kind === "raised") throw outcome.error;
    // The transport has held the body against this operation's schema.
    if (outcome.kind === "delivered") return outcome.answer as AnswerOf<Name>;
    if (outcome.kind === "pending") this.#backlog.kick();
    this.#calls += 1;
    if (this.#calls % CALLS_BETWEEN_TURNS === 0) await nextTurn();
    return undefined;
  }

  #open(kind: "experiment" | "run", id: string): Folder {
    if (this.#courier.remote !== "offline") {
      this.#lookingAround ??= setInterval(() => this.#lookAround(), LOOK_AROUND_EVERY_MS).unref();
    }
    return this.#folders.open(kind, id);
  }

  /** Other processes may have written to the same runs, or have died as their senders. */
  #lookAround(): void {
    try {
      this.#folders.refresh();
    } catch (error) {
      if (error instanceof Error) this.#onError(error);
    }
    if (this.#courier.isUp && !this.#backlog.isDraining) this.#backlog.kick();
  }

  get #isAwaiting(): boolean {
    return this.#config.delivery === "await" && this.#courier.isUp;
  }

  #isLive(folder: Folder): boolean {
    return this.#isAwaiting && folder.isInCharge && folder.isKnown;
  }

  #accept<Name extends OperationName>(name: Name, body: unknown, runId?: string): BodyOf<Name> {
    this.#refuseIfClosed();
    if (operations[name].kind === "row") refuseUnsafeId(name, "run_id", runId);
    const { fields, nonFinite } = accept(name, body);
    for (const { field, value } of nonFinite) {
      if (this.#warnedSeries.has(field)) continue;
      this.#warnedSeries.add(field);
      this.#logger.warn(
        `${name}: ${field} is ${value}; it is kept in the mirror and not sent. Further ones are not announced.`,
      );
    }
    return fields;
  }

  #onRemote(remote: "up" | "down", reason: string): void {
    if (remote === "down") {
      this.#logger.warn(
        `The backend at ${this.#config.baseUrl} is away (${reason}). Writes go to ${this.#store.root} and are sent when it is back.`,
      );
      return;
    }
    const { delivered } = this.#courier.tally.total;
    void this.#backlog.drain().then(() => {
      const count = this.#courier.tally.total.delivered - delivered;
      this.#logger.warn(`The backend at ${this.#config.baseUrl} is back: ${count} waiting writes were delivered.`);
    });
  }

  #onError(error: Error): void {
    this.#logger.error(error.message);
    this.#config.onDeliveryError?.(error);
  }

  #refuseIfClosed(): void {
    if (this.#isClosed) throw new EvsysError("The client is closed; make a new DashboardClient to write on.");
  }
}
