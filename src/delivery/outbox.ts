import { setImmediate } from "node:timers";
import type { WaitOptions } from "../api/call-options.js";
import type { StreamName } from "../api/routes.js";
import type { Config } from "../config.js";
import type { BackendApi } from "../http/backend.js";
import type { Outcome } from "../http/outcome.js";
import type { NewEntity } from "../journal/entity-store.js";
import type { Logger } from "../logger.js";
import type { ByteRange } from "../store/append-file.js";
import type { FolderKind } from "../store/paths.js";
import type { LocalExperimentStore } from "../store/store.js";
import { safeCallback } from "../util/callbacks.js";
import { now } from "../util/clock.js";
import type { Turns } from "../util/turns.js";
import type { RowBatch } from "./batches.js";
import type { SyncReport } from "./counters.js";
import { DirectRequests } from "./direct-requests.js";
import { leaveForExit, onExit } from "./exit-notice.js";
import { flushScope } from "./flush.js";
import type { MirrorOutbox } from "./mirror-outbox.js";
import { registerPatch, registerRows, registerSentPatch } from "./register.js";
import { Scope } from "./scope.js";
import { acquireOutbox, releaseOutbox } from "./shared-outboxes.js";
import { type DeliveryStatus, pendingEntitiesOf, statusOf } from "./status.js";
import { partsOf, type Settlement, type Waiter } from "./waiter.js";

type Fields = Readonly<Record<string, unknown>>;

/** The time that a call may take, and its result for a settlement; it throws if the write failed. */
export interface OutboxCall<Result> {
  /** Default: the client's. */
  readonly timeoutMs: number | undefined;
  readonly respond: (settlement: Settlement) => Result;
}

/** The writes of one client: mirrored first, then sent by an outbox that clients of the process may share. */
export class Outbox {
  readonly direct: DirectRequests;
  readonly turns: Turns;
  readonly #config: Config;
  readonly #store: LocalExperimentStore;
  readonly #scope: Scope;
  readonly #shared: MirrorOutbox;
  readonly #forgetExit: () => void;
  #closing: Promise<SyncReport> | undefined;

  constructor(config: Config, logger: Logger, store: LocalExperimentStore) {
    this.#config = config;
    this.#store = store;
    this.#scope = new Scope(
      logger,
      safeCallback("onDeliveryError", config.onDeliveryError ?? (() => {}), (message) => logger.error(message)),
    );
    const shared = acquireOutbox(config, logger, store.root, this.#scope);
    this.#shared = shared;
    this.turns = shared.sender.turns;
    this.direct = new DirectRequests(config, shared.sender, this.#scope, store);
    this.#forgetExit = onExit({
      root: store.root,
      isQuiet: isQuiet(config),
      pendingEntities: () => pendingEntitiesOf(shared, false),
      release: () => shared.close(),
    });
  }

  /** The routes of the backend, typed by its schema. */
  get api(): BackendApi["api"] {
    return this.#shared.sender.connection.http.api;
  }

  get status(): DeliveryStatus {
    return statusOf(this.#shared.sender, this.#scope);
  }

  /** Announces a client-generated id, which other writes may name before the backend has its own for it. */
  expectRowId(kind: "eval" | "checkpoint", id: string): void {
    this.#shared.sender.ids.expect(kind, id);
  }

  /** Mirrors a create. Without a response it is sent later, under its key, which is then the id. */
  keep(kind: FolderKind, id: string, created: NewEntity, outcome: Outcome | undefined): void {
    this.#shared.create(kind, id, created, this.#scope, outcome);
  }

  /** Mirrors a patch that was sent. Without a response it is sent later, under its key. */
  keepPatch(kind: FolderKind, id: string, key: string, fields: Fields, outcome: Outcome | undefined): void {
    const entity = this.#shared.open(kind, id, this.#scope);
    entity.store.patch(key, fields);
    registerSentPatch(entity, key, this.#scope, outcome);
  }

  /** Mirrors a patch and sends it. */
  patch<Result>(kind: FolderKind, id: string, fields: Fields, key: string, call: OutboxCall<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const entity = this.#shared.open(kind, id, this.#scope);
      // The rows of this tick are written before it.
      entity.store.flush();
      entity.store.patch(key, fields);
      registerPatch(entity, key, this.#scope, this.#waiter(call, resolve, reject));
    });
  }

  /** Mirrors one row and sends it. */
  append<Result>(stream: StreamName, runId: string, line: string, call: OutboxCall<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const entity = this.#shared.open("run", runId, this.#scope);
      entity.store.append(stream, line, (start, end, error) => {
        if (error !== undefined) reject(error);
        else registerRows(entity, stream, { start, end }, 1, this.#scope, line, this.#waiter(call, resolve, reject));
      });
    });
  }

  /** Mirrors the rows of one call in batches and sends them. */
  async appendBatches<Result>(
    stream: StreamName,
    runId: string,
    batches: readonly RowBatch[],
    call: OutboxCall<Result>,
  ): Promise<Result> {
    const entity = this.#shared.open("run", runId, this.#scope);
    const texts = batches.map(({ text }) => text);
    entity.appending += 1;
    let ranges: ByteRange[];
    try {
      ranges = await this.#scope.calls.track(entity.store.appendBatches(stream, texts));
    } finally {
      entity.appending -= 1;
    }
    return new Promise((resolve, reject) => {
      const waiter = partsOf(this.#waiter(call, resolve, reject), batches.length);
      ranges.forEach((range, at) => {
        // The first texts are sent from memory, the others are read from the file.
        const text = at < this.#shared.sender.concurrency ? texts[at] : undefined;
        registerRows(entity, stream, range, batches[at]?.rows ?? 0, this.#scope, text, waiter);
      });
    });
  }

  /** Sends what is pending: one attempt without a deadline, as many as it takes with one. */
  flush(options: WaitOptions = {}): Promise<SyncReport> {
    return flushScope(this.#shared, this.#scope, options);
  }

  /** Flushes, then releases resources that no other client of the process uses. Closing again returns the same report. */
  close(options: WaitOptions = {}): Promise<SyncReport> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  async #close(options: WaitOptions): Promise<SyncReport> {
    try {
      return await this.flush(options);
    } finally {
      const leftovers = this.#scope.counters.total.pending === 0 ? [] : pendingEntitiesOf(this.#shared, true);
      this.#forgetExit();
      await releaseOutbox(this.#shared, this.#scope, this.#config.timeoutMs);
      // Only the pending writes are kept for the exit notice, so that a closed client can be garbage-collected.
      if (leftovers.length > 0) leaveForExit(this.#store.root, isQuiet(this.#config), leftovers);
    }
  }

  /** The waiter of a call. In background delivery a call waits only for the mirror. */
  #waiter<Result>(
    call: OutboxCall<Result>,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
  ): Waiter {
    const { delivery, maxRetries, timeoutMs } = this.#config;
    const time = now();
    this.#scope.calls.begin();
    return {
      isAwaited: delivery === "await",
      endsAt: time + (call.timeoutMs ?? timeoutMs),
      maxRetries,
      settle: (settlement) => {
        this.#scope.calls.end();
        try {
          const result = call.respond(settlement);
          if (settlement.kind === "delivered" || !this.turns.takeTurn(time)) resolve(result);
          else setImmediate(resolve, result);
        } catch (error) {
          reject(error);
        }
      },
    };
  }
}

/** Whether warnings are off. */
function isQuiet({ logLevel }: Config): boolean {
  return logLevel === "ERROR" || logLevel === "CRITICAL";
}
