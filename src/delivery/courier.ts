import type { Config } from "../config.js";
import { DashboardClientError, errorOfAnswer, withoutWayOut } from "../errors.js";
import { type BackendApi, createBackendApi } from "../http/backend.js";
import type { Deadline } from "../http/deadline.js";
import type { Outcome } from "../http/outcome.js";
import type { Logger } from "../logger.js";
import type { Holder } from "../mirror/lock.js";
import type { OperationName } from "../operations.js";
import { type Patience, tryUntilAnswered } from "./attempts.js";
import { IdMap } from "./id-map.js";
import { type SyncReport, Tally } from "./report.js";

/** The status of an answer that concerns one project, not the client. */
export const FORBIDDEN = 403;
/** How the reason begins if a create was given an id that could name another place. */
const UNSAFE_ID = "the backend gave ";
/** A Retry-After beyond this is taken for a mistake. */
const LONGEST_REST_MS = 300_000;

/** Where the client stands towards the backend. `up`: sending. `down`: the backend is away. `offline`: never sends. */
export type Remote = "up" | "down" | "offline";

/** Told of what happens on the way. */
export interface CourierEvents {
  /** The backend has just turned out to be away, or to be there again. */
  readonly onRemote: (remote: "up" | "down", reason: string) => void;
  /** A write was refused or is blocked, or a file failed, and no call waits for it. */
  readonly onError?: ((error: Error) => void) | undefined;
}

/** Carries single writes to the backend and knows from their answers whether it is there. */
export class Courier {
  readonly config: Config;
  readonly logger: Logger;
  readonly ids = new IdMap();
  readonly tally = new Tally();
  readonly #events: CourierEvents;
  readonly #announced = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #backend: BackendApi;
  readonly #holdsProcess: boolean;
  #remote: Remote;
  #awayReason: string | undefined;
  #restUntil = 0;
  #answeredAt = Number.NEGATIVE_INFINITY;
  /** Why the backend takes nothing from here: a key it does not know, a redirect. */
  #blocked: DashboardClientError | undefined;
  /** Why it did not take something for one project; others may fare better. */
  #forbidden: DashboardClientError | undefined;

  /** `holdsProcess`: whether the process stays alive for the backlog. */
  constructor(config: Config, logger: Logger, events: CourierEvents, holdsProcess = false) {
    this.#holdsProcess = holdsProcess;
    this.config = config;
    this.logger = logger;
    this.#events = events;
    this.#backend = createBackendApi(config);
    this.#remote = config.offline ? "offline" : "up";
  }

  get remote(): Remote {
    return this.#remote;
  }

  /** Whether the backend is there, as far as is known. */
  get isUp(): boolean {
    return this.#remote === "up";
  }

  /** Whether the backlog is to stay where it is from now on. */
  get isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Sends nothing more; what is in flight may still be answered. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Why the backend takes nothing from here; undefined where it may. */
  get obstacle(): DashboardClientError | undefined {
    return this.#blocked;
  }

  /** Whether the backlog may go out now. */
  get maySend(): boolean {
    return this.isUp && this.#blocked === undefined && !this.isStopped;
  }

  /** What became of the writes so far, and what keeps back those that are pending. */
  report(startedAt: number, folders: Iterable<{ readonly holder: Holder | undefined }>): SyncReport {
    if (this.tally.total.pending === 0) return this.tally.report(startedAt);
    const owner = [...folders].find(({ holder }) => holder !== undefined)?.holder;
    const owned = owner && `process ${owner.pid} on ${owner.host} sends for what it logs to`;
    const obstacle = this.#blocked ?? this.#forbidden;
    const refusal = obstacle && withoutWayOut(obstacle);
    return this.tally.report(startedAt, refusal ?? this.#awayReason ?? owned, obstacle?.status);
  }

  /** How long the backend has asked to be left alone, in milliseconds from now. */
  get restMs(): number {
    return Math.max(0, this.#restUntil - performance.now());
  }

  /** The patience for a write that somebody waits for, with what is left of its time. */
  awaited(leftMs: number): Patience {
    const { timeoutMs, maxRetries } = this.config;
    return { leftMs, timeoutMs, maxRetries, isAwaited: true };
  }

  /** The patience for a write of the backlog. */
  get unawaited(): Patience {
    return { ...this.awaited(this.config.timeoutMs), isAwaited: this.#holdsProcess, isExtendable: true };
  }

  /** Carries one of the eight writes. */
  carry(
    name: OperationName,
    ids: Readonly<Record<string, string>>,
    body: string | Uint8Array,
    key: string,
    patience: Patience,
  ): Promise<Outcome> {
    return this.#carry((deadline) => this.#backend.send(name, ids, body, key, deadline), patience);
  }

  /** Carries a body to any route. */
  post(path: string, body: string | undefined, key: string, patience: Patience): Promise<Outcome> {
    return this.#carry((deadline) => this.#backend.post(path, body, deadline, key), patience);
  }

  /** The requests of users. */
  get api(): BackendApi["api"] {
    return this.#backend.api;
  }

  /** Carries any write, and learns from the answer how the backend is. */
  async #carry(attempt: (deadline: Deadline) => Promise<Outcome>, patience: Patience): Promise<Outcome> {
    const { answer, lastBegunAt } = await tryUntilAnswered(attempt, patience, this.#stopping.signal);
    if (answer.kind === "unavailable" && answer.reason.startsWith(UNSAFE_ID)) {
      // The backend is there, and its response is of no use.
      this.#answeredAt = performance.now();
      this.#turn("up", "");
      this.logger.error(`[POST]: ${answer.reason}.`);
      return answer;
    }
    if (answer.kind === "unavailable") {
      this.#restUntil = performance.now() + Math.min(LONGEST_REST_MS, answer.retryAfterMs ?? 0);
      // Where others have been answered meanwhile, it is this write that hangs, not the backend.
      if (this.#answeredAt < lastBegunAt) this.#turn("down", answer.reason);
      return answer;
    }
    this.#answeredAt = performance.now();
    this.#blocked = undefined;
    if (answer.kind === "blocked") {
      const obstacle = errorOfAnswer(answer.failure);
      if (obstacle.status === FORBIDDEN) this.#forbidden = obstacle;
      else this.#blocked = obstacle;
    }
    this.#turn("up", "");
    return answer;
  }

  /** Lets the next write find out how the backend is. */
  assumeUp(): void {
    if (this.#remote === "down") this.#remote = "up";
  }

  /** Tells of an error that no call waits for: each to the caller, and each kind once to the log. */
  announce(error: Error): void {
    const kind = error instanceof DashboardClientError ? `${error.name} ${error.status}` : error.message;
    const message = error.message.replace(/\.$/, "");
    if (!this.#announced.has(kind)) this.logger.error(`${message}. Further ones of this kind are counted, not logged.`);
    this.#announced.add(kind);
    try {
      this.#events.onError?.(error);
    } catch (thrown) {
      this.logger.error(`onDeliveryError has thrown ${thrown}; training goes on.`);
    }
  }

  close(): Promise<void> {
    return this.#backend.close();
  }

  #turn(remote: "up" | "down", reason: string): void {
    if (this.#remote === remote || this.#remote === "offline" || this.isStopped) return;
    this.#remote = remote;
    this.#awayReason = remote === "down" ? `the backend at ${this.config.baseUrl} is away: ${reason}` : undefined;
    this.#events.onRemote(remote, reason);
  }
}
