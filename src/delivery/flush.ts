import type { WaitOptions } from "../api/call-options.js";
import { now } from "../util/clock.js";
import { within } from "../util/within.js";
import { backoffMs } from "./backoff.js";
import type { SyncReport } from "./counters.js";
import type { MirrorOutbox } from "./mirror-outbox.js";
import type { Scope } from "./scope.js";
import { nextDueMs } from "./send-timer.js";
import type { Sender } from "./sender.js";
import { pendingReason } from "./status.js";

const RETRY_EVERY_MS = 250;

/** Waits for the calls of a client, then sends what is pending. Returns the counts of the client's writes. */
export async function flushScope(
  mirror: MirrorOutbox,
  scope: Scope,
  { timeoutMs, signal }: WaitOptions,
): Promise<SyncReport> {
  const startedAt = now();
  const { sender } = mirror;
  if (!sender.isOffline) {
    // The rows of this tick are written first.
    await Promise.resolve();
    mirror.poll();
    await within(timeoutMs, signal, scope.calls.whenIdle());
    const leftMs = timeoutMs === undefined ? undefined : timeoutMs - (now() - startedAt);
    await sendBacklog(sender, () => scope.counters.total.pending, { timeoutMs: leftMs, signal });
  }
  const reason = scope.counters.total.pending === 0 ? {} : pendingReason(sender, mirror.all());
  return scope.counters.report(startedAt, now(), reason);
}

/**
 * Sends the backlog until nothing is pending or the timeout is over; without a timeout, until `maxRetries` retries in a row
 * have made no progress. It honours Retry-After, and returns at once if that exceeds the timeout.
 */
export async function sendBacklog(
  sender: Sender,
  pending: () => number,
  { timeoutMs, signal }: WaitOptions,
): Promise<void> {
  const endsAt = now() + (timeoutMs ?? Number.POSITIVE_INFINITY);
  const leftMs = (): number => endsAt - now();
  const { connection, config } = sender;
  const restsTooLong = (): boolean => connection.pauseMs >= Math.min(leftMs(), timeoutMs ?? config.timeoutMs);
  if (connection.pauseMs === 0) endBackoffs(sender);
  for (let failures = 0; pending() > 0 && leftMs() > 0 && signal?.aborted !== true && !connection.isStopped; ) {
    if (restsTooLong()) return;
    const before = sender.progress;
    if (!connection.maySend) {
      await pause(connection.pauseMs, signal);
      await within(leftMs(), signal, sender.probe());
    }
    await within(leftMs(), signal, sender.ids.whenLookedUp());
    await within(leftMs(), signal, sender.drain());
    failures = sender.progress === before ? failures + 1 : 0;
    const dueMs = connection.maySend ? nextDueMs(sender) : Math.max(connection.pauseMs, backoffMs(failures));
    const isHopeless = failures > config.maxRetries || dueMs === undefined || connection.blocked !== undefined;
    if (pending() === 0 || restsTooLong() || (timeoutMs === undefined && isHopeless)) return;
    await pause(Math.min(leftMs(), dueMs ?? RETRY_EVERY_MS), signal);
  }
}

function endBackoffs({ backlog }: Sender): void {
  for (const outbox of backlog) for (const entry of outbox.requeued()) entry.dueAt = 0;
}

/** Waits, unless `signal` is aborted; the process stays alive for it. */
async function pause(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  const endsAt = now() + waitMs;
  // A timer may fire up to a millisecond early: nothing would be due then, and the drain would count as a failure.
  do await within(endsAt - now(), signal, new Promise(() => {}));
  while (now() < endsAt && signal?.aborted !== true);
}
