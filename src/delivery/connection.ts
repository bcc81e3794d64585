import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../config.js";
import { type DashboardClientError, errorOfResponse, withoutHint } from "../errors.js";
import { type BackendApi, createBackendApi } from "../http/backend.js";
import type { Outcome } from "../http/outcome.js";
import { now } from "../util/clock.js";
import type { SyncReport } from "./counters.js";

/** `up`: sending. `down`: the backend is unavailable, or asked to wait. `offline`: the client never sends. */
export type Remote = "up" | "down" | "offline";

/** So many writes in a row have to fail before the backend counts as unavailable; one says nothing but of itself. */
const FAILURES_TO_OPEN = 3;
/** A longer Retry-After counts as a mistake. */
export const LONGEST_REST_MS = 300_000;
const FORBIDDEN = 403;

/** Told of what happens to the connection. */
export interface ConnectionEvents {
  /** The circuit has opened: the backend is unavailable. */
  readonly onDown: (reason: string) => void;
  /** The circuit has closed again. */
  readonly onUp: () => void;
  /** An error of our own code or of a missing dependency kept a write from being sent. */
  readonly onFault: (reason: string) => void;
}

/**
 * The connection to the backend, and what the responses tell of its health. The circuit opens if the backend cannot be
 * reached or several writes in a row fail; while it is open, only probes are sent.
 */
export class BackendConnection {
  readonly http: BackendApi;
  readonly #baseUrl: string;
  readonly #events: ConnectionEvents;
  readonly #failing = new Set<string>();
  #circuit: "closed" | "open" = "closed";
  #isOffline: boolean;
  #hasAnswered = false;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #restUntil = Number.NEGATIVE_INFINITY;
  #reason: string | undefined;
  readonly #stopping = new AbortController();
  /** Why the backend takes nothing from here: a refused key, a redirect, a proxy. */
  #blocked: DashboardClientError | undefined;
  /** Why it did not take something for one project; others may fare better. */
  #forbidden: DashboardClientError | undefined;

  constructor(config: Config, events: ConnectionEvents) {
    this.#events = events;
    this.#isOffline = config.offline;
    this.#baseUrl = config.baseUrl;
    this.http = createBackendApi(config);
  }

  get remote(): Remote {
    if (this.#isOffline) return "offline";
    return this.#circuit === "closed" ? "up" : "down";
  }

  /** Whether writes may be sent: the circuit is closed, nothing blocks and nobody has stopped the sending. */
  get maySend(): boolean {
    return this.isUp && this.#blocked === undefined && !this.isStopped;
  }

  get isUp(): boolean {
    return !this.#isOffline && this.#circuit === "closed";
  }

  get isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Why the backend takes nothing from here; undefined if nothing is known to block. */
  get blocked(): DashboardClientError | undefined {
    return this.#blocked;
  }

  /** How long the backend has asked to be left alone, in milliseconds from now. */
  get restMs(): number {
    return Math.max(0, this.#restUntil - now());
  }

  /** Why writes are pending, as far as the connection knows. */
  get reason(): Pick<SyncReport, "blocked" | "blockedStatus" | "retryAfterMs"> {
    const error = this.#blocked ?? this.#forbidden;
    if (error !== undefined) return { blocked: withoutHint(error), blockedStatus: error.status };
    const rest = this.restMs > 0 ? { retryAfterMs: Math.ceil(this.restMs) } : {};
    return this.#reason === undefined ? rest : { ...rest, blocked: this.#reason };
  }

  /** Sends nothing more; responses to what is in flight are still taken. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Notes a Retry-After of the backend. */
  rest(retryAfterMs: number | undefined): void {
    if (retryAfterMs === undefined) return;
    this.#restUntil = Math.max(this.#restUntil, now() + Math.min(LONGEST_REST_MS, retryAfterMs));
  }

  /** Waits between two attempts, unless the sending is stopped. */
  async sleep(waitMs: number, isAwaited: boolean): Promise<void> {
    await sleep(waitMs, undefined, { ref: isAwaited, signal: this.#stopping.signal }).catch(() => {});
  }

  /** Takes what came of a write, after its retries: `key` names it, `begunAt` is when its last attempt began. */
  observe(outcome: Outcome, key: string, begunAt: number): void {
    if (outcome.kind !== "unavailable") this.#noteAnswer(outcome);
    else if (outcome.evidence === "client") this.#events.onFault(outcome.reason);
    else if (this.#isOutage(outcome, key, begunAt)) this.#open(outcome.reason);
  }

  /** Lets the next write find out whether the backend is there. */
  assumeUp(): void {
    if (this.#circuit === "closed") return;
    this.#circuit = "closed";
    this.#reason = undefined;
  }

  close(): Promise<void> {
    return this.http.close();
  }

  #noteAnswer(outcome: Exclude<Outcome, { kind: "unavailable" }>): void {
    this.#hasAnswered = true;
    this.#answeredAt = now();
    this.#failing.clear();
    this.#blocked = undefined;
    if (outcome.kind === "blocked") {
      const error = errorOfResponse(outcome.failure);
      if (error.status === FORBIDDEN) this.#forbidden = error;
      else this.#blocked = error;
    }
    // What was in flight may still be answered after a response that asks to wait.
    if (this.#circuit === "closed" || this.restMs > 0) return;
    this.assumeUp();
    if (!this.isStopped) this.#events.onUp();
  }

  /** Whether a write failed because of the backend. If others were answered since it began, it failed alone. */
  #isOutage(outcome: Extract<Outcome, { kind: "unavailable" }>, key: string, begunAt: number): boolean {
    const saysNothingOfOthers = outcome.evidence === "response" || outcome.isUploadCut === true;
    if (!saysNothingOfOthers) return this.#answeredAt < begunAt;
    this.#failing.add(key);
    return this.restMs > 0 || !this.#hasAnswered || this.#failing.size >= FAILURES_TO_OPEN;
  }

  #open(reason: string): void {
    if (this.#circuit === "open" || this.isStopped) return;
    this.#circuit = "open";
    this.#reason = `the backend at ${this.#baseUrl} is unavailable: ${reason}`;
    this.#events.onDown(reason);
  }
}
