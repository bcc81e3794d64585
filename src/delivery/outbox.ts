import { setImmediate as nextTurn } from "node:timers/promises";
import type { Config } from "../config.js";
import type { BackendApi } from "../http/backend.js";
import type { Outcome as HttpOutcome } from "../http/outcome.js";
import type { Logger } from "../logger.js";
import type { FolderKind } from "../mirror/paths.js";
import type { LocalExperimentStore } from "../mirror/store.js";
import type { OperationName, StreamName } from "../operations.js";
import { Backlog } from "./backlog.js";
import { Courier, type Remote } from "./courier.js";
import { onExit } from "./farewell.js";
import type { Folder } from "./folder.js";
import { Folders } from "./folders.js";
import { heldBack, sendAppended, sendPatch, within } from "./live.js";
import { type Outcome, PENDING } from "./outcome.js";
import { outgoing } from "./outgoing.js";
import { hasRowsWaiting } from "./ranks.js";
import type { SyncReport } from "./report.js";

const LOOK_AROUND_EVERY_MS = 1_000;
const REST_PER_LOOK = 20;
const WAIT_FOR_BACKEND_MS = 250;
/** Awaited local calls are microtasks only; now and then the timers get a turn. */
const TURN_EVERY_MS = 5;

/** Where the client stands towards the backend. */
export interface DeliveryStatus {
  /** `up`: sending. `down`: the backend is away, writes go to the mirror. `offline`: never sends. */
  readonly remote: Remote;
  /** Writes in the mirror that the backend does not have, of what this client has written and has found where it wrote. */
  readonly pending: number;
  /** Writes that the backend refused. */
  readonly rejected: number;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The way of a client's writes: into the mirror first, then to the backend, at once where a call waits for the answer and
 * the backend is there, else with the backlog.
 */
export class Outbox {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #store: LocalExperimentStore;
  readonly #courier: Courier;
  readonly #folders: Folders;
  readonly #backlog: Backlog;
  /** Sends that belong to no folder yet. */
  readonly #direct = new Set<Promise<unknown>>();
  readonly #forgetExit: () => void;
  #lookingAround: NodeJS.Timeout | undefined;
  #closing: Promise<SyncReport> | undefined;
  #turnedAt = 0;
  #lookAgainAt = 0;

  constructor(config: Config, logger: Logger, store: LocalExperimentStore) {
    this.#config = config;
    this.#logger = logger;
    this.#store = store;
    this.#courier = new Courier(config, logger, {
      onRemote: (remote, reason) => this.#onRemote(remote, reason),
      onError: config.onDeliveryError,
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

  /** The requests of users. */
  get api(): BackendApi["api"] {
    return this.#courier.api;
  }

  get status(): DeliveryStatus {
    const { pending, rejected } = this.#courier.tally.total;
    return { remote: this.#courier.remote, pending, rejected };
  }

  /** An id is being made here, which other writes may name before the backend has its own for it. */
  expectRowId(kind: "eval" | "checkpoint", id: string): void {
    this.#courier.ids.expect(kind, id);
  }

  /** Asks the backend to make an entity. Where it cannot be asked now, that is away. Nothing is mirrored yet. */
  async request(name: OperationName, kind: FolderKind, fields: Fields, key: string): Promise<HttpOutcome> {
    this.#store.prepare(kind);
    const made = outgoing(name, fields, this.#courier.ids);
    if (!this.#isAwaiting) return unsent("not sent");
    if ("waitsFor" in made) return unsent(`${made.waitsFor} is not at the backend yet`);
    const patience = this.#courier.awaited(this.#config.timeoutMs);
    return this.#track(this.#courier.carry(name, {}, JSON.stringify(made.body), key, patience));
  }

  /** Mirrors a create. One that the backend has not answered goes out later, under its key, which is then the id. */
  keep(kind: FolderKind, id: string, key: string, fields: Fields, isDelivered: boolean): void {
    this.#beginLookingAround();
    this.#folders.make(kind, id, key, fields, isDelivered);
    if (!isDelivered) this.#backlog.kick();
  }

  /** Mirrors a patch and sends it. */
  async patch(kind: FolderKind, id: string, fields: Fields, key: string): Promise<Outcome> {
    const begunAt = performance.now();
    const folder = this.#open(kind, id);
    // Behind a backlog it waits for its turn, and the call does not wait with it.
    const isNext = !this.#backlog.isDraining && !hasRowsWaiting(folder);
    const before = folder.state.operations.size;
    const operation = folder.entity.patch(key, fields);
    folder.account.added("patches", folder.state.operations.size - before);
    const outcome = this.#isLive(folder)
      ? await (isNext ? sendPatch(folder, operation, begunAt + this.#config.timeoutMs) : heldBack(folder))
      : PENDING;
    if (this.#leavesToBacklog(outcome, begunAt)) await nextTurn();
    return outcome;
  }

  /** Mirrors the rows of one call, a line each, and sends them as one. */
  append(stream: StreamName, runId: string, lines: readonly string[]): Promise<Outcome> {
    const folder = this.#open("run", runId);
    const outcome = this.#append(folder, stream, lines);
    return this.#courier.remote === "offline" ? outcome : folder.track(outcome);
  }

  async #append(folder: Folder, stream: StreamName, lines: readonly string[]): Promise<Outcome> {
    const begunAt = performance.now();
    const range = await folder.entity.append(stream, lines);
    folder.account.added(stream, lines.length);
    const outcome = this.#isLive(folder)
      ? await sendAppended(folder, stream, range, lines, begunAt + this.#config.timeoutMs)
      : PENDING;
    if (this.#leavesToBacklog(outcome, begunAt)) await nextTurn();
    return outcome;
  }

  /** Sends what is not mirrored; away where it cannot be sent now. */
  async post(path: string, body: string | undefined, key: string): Promise<HttpOutcome> {
    if (!this.#courier.isUp) return unsent(this.#courier.remote);
    return this.#track(this.#courier.post(path, body, key, this.#courier.awaited(this.#config.timeoutMs)));
  }

  /** Sends what is pending: one honest try without a deadline, as many as it takes with one. */
  async flush(timeoutMs?: number): Promise<SyncReport> {
    const startedAt = performance.now();
    const deadline = startedAt + (timeoutMs ?? Number.POSITIVE_INFINITY);
    const left = (): number => deadline - performance.now();
    for (let hasTried = false; this.#courier.remote !== "offline"; hasTried = true) {
      this.#folders.refresh();
      await within(left(), this.#settled());
      if (this.#courier.tally.total.pending === 0 || left() <= 0) break;
      if (hasTried && timeoutMs === undefined) break;
      if (hasTried) await within(Math.min(left(), WAIT_FOR_BACKEND_MS), new Promise(() => {}));
      if (!this.#courier.maySend) await within(left(), this.#backlog.probe());
    }
    return this.#courier.report(startedAt, this.#folders.all());
  }

  /** Flushes, then gives back connections, files and locks. Closing again answers the same report. */
  close(timeoutMs?: number): Promise<SyncReport> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs?: number): Promise<SyncReport> {
    const startedAt = performance.now();
    try {
      const report = await this.flush(timeoutMs);
      if (report.pending === 0) this.#forgetExit();
      return report;
    } finally {
      clearInterval(this.#lookingAround);
      this.#backlog.stop();
      await this.#courier.close();
      const leftMs = timeoutMs === undefined ? this.#config.timeoutMs : startedAt + timeoutMs - performance.now();
      await within(leftMs, this.#settled());
      this.#folders.close();
    }
  }

  /** All that is on its way now has come to rest. */
  async #settled(): Promise<void> {
    const calls = [...this.#folders.all()].flatMap(({ inFlight }) => [...inFlight]);
    await Promise.allSettled([...this.#direct, ...calls]);
    if (this.#courier.maySend || this.#backlog.isDraining) await this.#backlog.drain();
  }

  /** Leaves a write that a call could not bring to its end to the backlog. Answers whether the timers are due a turn. */
  #leavesToBacklog(outcome: Outcome, begunAt: number): boolean {
    if (outcome.kind === "pending" || (outcome.kind === "raised" && outcome.error.pending)) this.#backlog.kick();
    if (begunAt - this.#turnedAt < TURN_EVERY_MS) return false;
    this.#turnedAt = begunAt;
    return true;
  }

  async #track<Result>(send: Promise<Result>): Promise<Result> {
    this.#direct.add(send);
    return send.finally(() => this.#direct.delete(send));
  }

  #open(kind: FolderKind, id: string): Folder {
    this.#beginLookingAround();
    return this.#folders.open(kind, id);
  }

  #beginLookingAround(): void {
    if (this.#courier.remote === "offline") return;
    this.#lookingAround ??= setInterval(() => this.#lookAround(), LOOK_AROUND_EVERY_MS).unref();
  }

  /** Other processes may have written to the same runs, or have died as their senders. A look that takes long is taken seldom. */
  #lookAround(): void {
    const begunAt = performance.now();
    if (begunAt < this.#lookAgainAt) return;
    this.#folders.refresh();
    const endedAt = performance.now();
    this.#lookAgainAt = endedAt + REST_PER_LOOK * (endedAt - begunAt);
    if (this.#courier.maySend) this.#backlog.kick();
  }

  get #isAwaiting(): boolean {
    return this.#config.delivery === "await" && this.#courier.isUp;
  }

  #isLive(folder: Folder): boolean {
    return this.#isAwaiting && folder.isInCharge && folder.isKnown;
  }

  #onRemote(remote: "up" | "down", reason: string): void {
    const { baseUrl } = this.#config;
    if (remote === "down") {
      this.#logger.warn(
        `The backend at ${baseUrl} is away (${reason}). Writes go to ${this.#store.root} and are sent when it is back. Not up at all? npx evsys-sdk doctor`,
      );
      return;
    }
    const { delivered } = this.#courier.tally.total;
    void this.#backlog.drain().then(() => {
      const writes = this.#courier.tally.total.delivered - delivered;
      const news = writes === 0 ? "" : `: ${writes} ${writes === 1 ? "write" : "writes"} delivered`;
      this.#logger.warn(`The backend at ${baseUrl} is back${news}.`);
    });
  }
}

function unsent(reason: string): HttpOutcome {
  return { kind: "unavailable", reason, evidence: "client" };
}
