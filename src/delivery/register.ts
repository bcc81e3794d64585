import type { StreamName } from "../api/routes.js";
import type { Outcome } from "../http/outcome.js";
import type { NewEntity } from "../journal/entity-store.js";
import type { ByteRange } from "../store/append-file.js";
import { toError } from "../util/thrown.js";
import { CREATED } from "./counters.js";
import type { EntityOutbox } from "./entity-outbox.js";
import type { BatchEntry } from "./entry.js";
import { learnIds } from "./journal-state.js";
import { requeueAttempted } from "./requeue.js";
import type { Scope } from "./scope.js";
import { PENDING, type Waiter } from "./waiter.js";

/** Registers rows that were just appended; `waiter` gets their settlement. */
export function registerRows(
  outbox: EntityOutbox,
  stream: StreamName,
  range: ByteRange,
  rows: number,
  scope: Scope,
  text: string | undefined,
  waiter: Waiter,
): void {
  let entry: BatchEntry | undefined;
  try {
    outbox.followStore();
    const { isOffline } = outbox.sender;
    const own = outbox.streams.of(stream, outbox.store.slot ?? 1);
    own.rows.register(range, rows, scope, isOffline);
    const isLive = waiter.isAwaited && mayWait(outbox) && !(stream === "metrics" && mayRepeat(outbox, text));
    if (isLive) entry = own.enqueue(range, outbox.nextOrder(), waiter, text);
    if (entry === undefined && text !== undefined && stream === "metrics" && !isOffline) outbox.steps.noteBacklog(text);
  } catch (error) {
    // The rows are in the file, and the next poll finds them there.
    scope.announce(toError(error));
  }
  if (entry === undefined) {
    outbox.sender.noteBacklog(outbox);
    waiter.settle(PENDING);
  } else outbox.pump.start(entry);
}

/** Registers a patch that was just journaled; `waiter` gets its settlement. Behind a backlog it waits for its turn. */
export function registerPatch(outbox: EntityOutbox, key: string, scope: Scope, waiter: Waiter): void {
  const { operations, sender, health, pump } = outbox;
  operations.count(scope);
  const isLive = waiter.isAwaited && mayWait(outbox);
  const isNext = isLive && !sender.isDraining && !outbox.hasRowBacklog();
  const entry = isNext ? operations.await(key, outbox.nextOrder(), waiter) : undefined;
  if (entry === undefined) {
    sender.noteBacklog(outbox);
    const error = isLive ? (sender.connection.blocked ?? health.forbidden) : undefined;
    waiter.settle(error === undefined ? PENDING : { kind: "failed", error });
  } else pump.start(entry);
}

/** Registers a patch that was just journaled and has been sent already, unless the backend was unavailable. */
export function registerSentPatch(outbox: EntityOutbox, key: string, scope: Scope, outcome: Outcome | undefined): void {
  outbox.operations.count(scope);
  if (outcome?.kind === "delivered" && outbox.lease.checkHeld()) {
    try {
      outbox.store.log.acknowledgeOp(key, undefined);
    } catch (error) {
      scope.announce(toError(error));
    }
    const entry = outbox.operations.entryOf(key);
    if (entry !== undefined) outbox.operations.settle(entry, "delivered");
  } else if (outcome?.kind === "unavailable") requeueAttempted(outbox, key, outcome);
  else outbox.sender.noteBacklog(outbox);
}

/** Journals and registers the create of the entity: done by the backend, or to be sent. */
export function registerCreate(outbox: EntityOutbox, created: NewEntity, scope: Scope, isDelivered: boolean): void {
  const { store, operations, sender } = outbox;
  store.create(created, isDelivered ? store.id : undefined);
  learnIds(store, sender.ids);
  if (isDelivered) scope.counters.add(CREATED[store.kind], "delivered", 1);
  operations.count(scope);
  if (!isDelivered) sender.noteBacklog(outbox);
}

/** Whether a call may wait for the backend's response. */
function mayWait(outbox: EntityOutbox): boolean {
  return outbox.sender.connection.isUp && outbox.isKnown && outbox.lease.checkHeld();
}

/** Whether the backlog may have a row of the same step, which has to be sent first. */
function mayRepeat({ steps, streams }: EntityOutbox, text: string | undefined): boolean {
  if (!steps.hasBacklog || text === undefined) return false;
  if (streams.pending > 1) return steps.mayRepeat(text);
  // The row itself is pending.
  steps.clearBacklog();
  return false;
}
