import { clearTimeout, setTimeout } from "node:timers";
import { now } from "../util/clock.js";
import type { Sender } from "./sender.js";

const FIRST_PROBE_MS = 1_000;
const LAST_PROBE_MS = 60_000;

/** Decides when a sender tries its backlog again: at the next probe, or when the next entry is due. */
export class SendTimer {
  readonly #sender: Sender;
  #timer: NodeJS.Timeout | undefined;
  /** How often the timer has fired since the last change. What a flush probes does not delay the next firing. */
  #firings = 0;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** Sets the timer, unless it is set. A sync has none: it decides itself when to send. */
  schedule(): void {
    if (this.#timer !== undefined) return;
    const { connection, isOffline, keepsProcessAlive, backlog } = this.#sender;
    if (connection.isStopped || isOffline || keepsProcessAlive || backlog.size === 0) return;
    const probeMs = Math.min(LAST_PROBE_MS, FIRST_PROBE_MS * 2 ** this.#firings) * (0.5 + Math.random() / 2);
    const waitMs = connection.maySend ? Math.min(probeMs, nextDueMs(this.#sender) ?? probeMs) : probeMs;
    this.#timer = setTimeout(() => this.#again(), Math.max(waitMs, connection.pauseMs)).unref();
  }

  /** The backend has become available or unavailable: the intervals start again with the shortest. */
  startOver(): void {
    this.#firings = 0;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #again(): void {
    this.#timer = undefined;
    const { connection } = this.#sender;
    // The backend may have asked to wait since the timer was set.
    if (connection.pauseMs > 0) {
      this.schedule();
      return;
    }
    for (const outbox of this.#sender.backlog) outbox.health.release(false);
    this.#firings = Math.min(this.#firings + 1, 16);
    if (connection.maySend) {
      void this.#sender.drain();
      return;
    }
    void this.#sender.probe().finally(() => {
      if (connection.maySend) void this.#sender.drain();
      else this.schedule();
    });
  }
}

/** When the next entry of a backlog is due, in milliseconds from now; undefined if nothing waits. */
export function nextDueMs({ backlog, connection }: Sender): number | undefined {
  let next: number | undefined;
  for (const outbox of backlog) {
    if (outbox.health.isPaused) continue;
    for (const entry of outbox.requeued()) {
      const mustWait = entry.kind === "batch" && entry.stream.queue.mustWait(entry);
      if (entry.waitsFor === undefined && !mustWait) next = Math.min(next ?? Number.POSITIVE_INFINITY, entry.dueAt);
    }
  }
  return next === undefined ? undefined : Math.max(0, next - now(), connection.pauseMs);
}
