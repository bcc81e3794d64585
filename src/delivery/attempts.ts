import { setTimeout as sleep } from "node:timers/promises";
import { Deadline } from "../http/deadline.js";
import type { Outcome } from "../http/outcome.js";
import { backoffMs } from "./backoff.js";

/** How long and how often one write is tried. */
export interface Patience {
  /** How much of its time is left, in milliseconds. */
  readonly leftMs: number;
  /** The longest it may take, all told, in milliseconds: what a message says. */
  readonly timeoutMs: number;
  /** How often it is tried again. */
  readonly maxRetries: number;
  /** Whether somebody waits for it: a process does not stay alive for what nobody waits for. */
  readonly isAwaited: boolean;
  /** Whether the time counts from the last progress of an upload. Default: unless somebody waits for it. */
  readonly isExtendable?: boolean;
}

/** What came of it, and when the last attempt began. */
export interface Tried {
  readonly answer: Outcome;
  readonly lastBegunAt: number;
}

/**
 * Tries a write until the backend answers or patience ends. Every attempt carries the same key, so that a backend which
 * honours it writes once however many answers are lost. A wait that would outlast the deadline is not begun, and
 * one that is under way ends when the sending is to stop.
 */
export async function tryUntilAnswered(
  attempt: (deadline: Deadline) => Promise<Outcome>,
  patience: Patience,
  stopping: AbortSignal,
): Promise<Tried> {
  const endsAt = performance.now() + patience.leftMs;
  const deadline = new Deadline(
    patience.leftMs,
    patience.isAwaited,
    `no answer within ${patience.timeoutMs} ms`,
    patience.isExtendable,
  );
  try {
    for (let tries = 0; ; tries += 1) {
      const lastBegunAt = performance.now();
      const answer = await attempt(deadline);
      if (answer.kind !== "unavailable" || tries >= patience.maxRetries || stopping.aborted)
        return { answer, lastBegunAt };
      const waitMs = answer.retryAfterMs ?? backoffMs(tries);
      if (performance.now() + waitMs >= endsAt) return { answer, lastBegunAt };
      await sleep(waitMs, undefined, { ref: patience.isAwaited, signal: stopping }).catch(() => {});
      if (stopping.aborted) return { answer, lastBegunAt };
    }
  } finally {
    deadline.clear();
  }
}
