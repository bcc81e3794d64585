import type { Unavailable } from "../http/outcome.js";
import { now } from "../util/clock.js";
import { toError } from "../util/thrown.js";
import { CONFLICT } from "./attempt.js";
import { backoffMs } from "./backoff.js";
import { type BackendConnection, MAX_PAUSE_MS } from "./connection.js";
import type { EntityOutbox } from "./entity-outbox.js";
import type { Entry } from "./entry.js";
import type { AwaitedId } from "./outgoing.js";
import { PENDING, type Settlement } from "./waiter.js";

const MAX_BACKOFF_MS = 60_000;

/** Requeues an entry to be sent after `waitMs`; the call that waits for it gets `settlement`. */
export function requeue(outbox: EntityOutbox, entry: Entry, settlement: Settlement, waitMs: number): void {
  entry.attempts += 1;
  entry.dueAt = now() + waitMs;
  settleCall(outbox, entry, settlement);
  putBack(outbox, entry);
}

/** An attempt of an operation that was just counted has failed: the next one is a retry, after its own backoff. */
export function requeueAttempted(outbox: EntityOutbox, key: string, outcome: Unavailable): void {
  const entry = outbox.operations.entryOf(key);
  if (entry === undefined) return;
  try {
    if (outbox.lease.checkHeld()) outbox.store.log.noteOpSent(entry.operation.slot);
  } catch (error) {
    entry.scope.announce(toError(error));
  }
  requeue(outbox, entry, PENDING, noteFailure(outbox.sender.connection, entry, outcome));
}

/** Requeues an entry until an id is known. Its call waits too only while the id is being looked up. */
export function requeueUntilKnown(outbox: EntityOutbox, entry: Entry, waitsFor: AwaitedId): void {
  entry.waitsFor = waitsFor;
  if (!outbox.sender.ids.isLookingUp(waitsFor.kind, waitsFor.id)) settleCall(outbox, entry, PENDING);
  putBack(outbox, entry);
  outbox.pump.limitWait(entry);
}

/** Settles the call that waits for an entry. If none does, a failure is reported to the client. */
export function settleCall(outbox: EntityOutbox, entry: Entry, settlement: Settlement): void {
  outbox.pump.stopTimer(entry);
  const { waiter } = entry;
  entry.waiter = undefined;
  if (waiter !== undefined) waiter.settle(settlement);
  else if (settlement.kind === "failed") entry.scope.announce(settlement.error);
}

function putBack(outbox: EntityOutbox, entry: Entry): void {
  if (entry.kind === "batch") entry.stream.queue.enqueue(entry);
  else outbox.operations.requeue(entry);
  outbox.sender.noteBacklog(outbox);
}

/** Records why an entry failed. Returns the backoff before its next attempt, in milliseconds. */
export function noteFailure(connection: BackendConnection, entry: Entry, outcome: Unavailable): number {
  entry.reason = outcome.reason;
  entry.conflicts = outcome.status === CONFLICT ? entry.conflicts + 1 : 0;
  // An entry that failed with the backend is sent first when it is back; one that failed alone waits for its backoff.
  const isAlone = connection.isUp || outcome.evidence === "response";
  return isAlone ? backoffOf(entry, outcome.retryAfterMs) : 0;
}

/** The backoff of a failed entry before its next attempt, in milliseconds. */
export function backoffOf({ attempts }: Entry, retryAfterMs = 0): number {
  return Math.max(Math.min(retryAfterMs, MAX_PAUSE_MS), backoffMs(attempts + 1, MAX_BACKOFF_MS));
}
