import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../config.js";
import { type DashboardClientError, errorOfResponse, withoutHint } from "../errors.js";
import { type BackendApi, createBackendApi } from "../http/backend.js";
import type { Outcome } from "../http/outcome.js";
import { now } from "../util/clock.js";
import { allowManyListeners } from "../util/on-abort.js";
import type { SyncReport } from "./counters.js";

/** `up`: sending. `down`: the backend is unavailable, or asked to wait. `offline`: the client never sends. */
export type Remote = "up" | "down" | "offline";

/** The backend counts as unavailable after this many failed writes in a row: one may fail for a reason of its own. */
const FAILURES_TO_OPEN = 3;
/** A longer Retry-After is capped: it is probably a mistake. */
export const MAX_PAUSE_MS = 300_000;
const FORBIDDEN = 403;
/** On the clock of `now()`. */
const NEVER = Number.NEGATIVE_INFINITY;

/** Callbacks for the state of the connection. */
export interface ConnectionEvents {
  /** The circuit has opened: the backend is unavailable. */
  readonly onDown: (reason: string) => void;
  /** The circuit has closed again. */
  readonly onUp: () => void;
  /** An error of our own code or of a missing dependency kept a write from being sent. */
  readonly onFault: (reason: string) => void;
}

/**
 * The connection to the backend with a circuit breaker. The circuit opens if the backend cannot be reached or several
 * writes in a row fail; while it is open, only probes are sent.
 */
export class BackendConnection {
  readonly http: BackendApi;
  readonly #baseUrl: string;
  readonly #events: ConnectionEvents;
  readonly #failing = new Set<string>();
  #circuit: "closed" | "open" = "closed";
  readonly #isOffline: boolean;
  #respondedAt = NEVER;
  #pausedUntil = NEVER;
  #reason: string | undefined;
  readonly #stopping = new AbortController();
  /** Why all writes are blocked: a rejected key, a redirect, a proxy. */
  #blocked: DashboardClientError | undefined;
  /** Why writes of one project are blocked. */
  #forbidden: DashboardClientError | undefined;

  constructor(config: Config, events: ConnectionEvents) {
    this.#events = events;
    allowManyListeners(this.#stopping.signal);
    this.#isOffline = config.offline;
    this.#baseUrl = config.baseUrl;
    this.http = createBackendApi(config);
  }

  get remote(): Remote {
    if (this.#isOffline) return "offline";
    return this.#circuit === "closed" ? "up" : "down";
  }

  /** Whether writes may be sent: the circuit is closed, nothing blocks and sending is not stopped. */
  get maySend(): boolean {
    return this.isUp && this.#blocked === undefined && !this.isStopped;
  }

  get isUp(): boolean {
    return !this.#isOffline && this.#circuit === "closed";
  }

  get isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Why all writes are blocked; undefined if nothing is known to block. */
  get blocked(): DashboardClientError | undefined {
    return this.#blocked;
  }

  /** The remaining Retry-After of the backend, in milliseconds. */
  get pauseMs(): number {
    return Math.max(0, this.#pausedUntil - now());
  }

  /** Why writes are pending, as far as the connection knows. */
  get reason(): Pick<SyncReport, "blocked" | "blockedStatus" | "retryAfterMs"> {
    const error = this.#blocked ?? this.#forbidden;
    if (error !== undefined) return { blocked: withoutHint(error), blockedStatus: error.status };
    const pause = this.pauseMs > 0 ? { retryAfterMs: Math.ceil(this.pauseMs) } : {};
    return this.#reason === undefined ? pause : { ...pause, blocked: this.#reason };
  }

  /** Sends nothing more; responses to requests in flight are still processed. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Notes a Retry-After of the backend. */
  rest(retryAfterMs: number | undefined): void {
    if (retryAfterMs === undefined) return;
    this.#pausedUntil = Math.max(this.#pausedUntil, now() + Math.min(MAX_PAUSE_MS, retryAfterMs));
  }

  /** Waits between two attempts, unless sending is stopped. */
  async sleep(waitMs: number, isAwaited: boolean): Promise<void> {
    await sleep(waitMs, undefined, { ref: isAwaited, signal: this.#stopping.signal }).catch(() => {});
  }

  /** Records the outcome of a write after its retries: `key` is its key, `begunAt` the start of its last attempt. */
  observe(outcome: Outcome, key: string, begunAt: number): void {
    if (outcome.kind !== "unavailable") this.#noteResponse(outcome);
    else if (outcome.evidence === "client") {
      // A request that closing aborts is no fault.
      if (!this.isStopped) this.#events.onFault(outcome.reason);
    } else if (this.#isOutage(outcome, key, begunAt)) this.#open(outcome.reason);
  }

  /** Lets the next write find out whether the backend is available. */
  closeCircuit(): void {
    if (this.#circuit === "closed") return;
    this.#circuit = "closed";
    this.#reason = undefined;
  }

  close(): Promise<void> {
    return this.http.close();
  }

  #noteResponse(outcome: Exclude<Outcome, { kind: "unavailable" }>): void {
    this.#respondedAt = now();
    if (this.#failing.size > 0) this.#failing.clear();
    this.#blocked = undefined;
    if (outcome.kind === "blocked") {
      const error = errorOfResponse(outcome.failure);
      if (error.status === FORBIDDEN) this.#forbidden = error;
      else this.#blocked = error;
    }
    // A request that was in flight may still get a response after one that asks to wait.
    if (this.#circuit === "closed" || this.pauseMs > 0) return;
    this.closeCircuit();
    if (!this.isStopped) this.#events.onUp();
  }

  /** Whether a write failed because of the backend. If others got a response since it began, it failed alone. */
  #isOutage(outcome: Extract<Outcome, { kind: "unavailable" }>, key: string, begunAt: number): boolean {
    const isOfThisWrite = outcome.evidence === "response" || outcome.isUploadCut === true;
    if (!isOfThisWrite) return this.#respondedAt < begunAt;
    this.#failing.add(key);
    return this.pauseMs > 0 || this.#respondedAt === NEVER || this.#failing.size >= FAILURES_TO_OPEN;
  }

  #open(reason: string): void {
    if (this.#circuit === "open" || this.isStopped) return;
    this.#circuit = "open";
    this.#reason = `the backend at ${this.#baseUrl} is unavailable: ${reason}`;
    this.#events.onDown(reason);
  }
}
