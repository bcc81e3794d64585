import { STREAMS, type StreamName } from "../api/routes.js";
import type { Outcome, Unavailable } from "../http/outcome.js";
import { EntityStore, type NewEntity } from "../journal/entity-store.js";
import type { LockOwner } from "../journal/lock.js";
import type { SyncState } from "../journal/sync-state.js";
import type { ByteRange } from "../store/line-writer.js";
import type { FolderKind } from "../store/paths.js";
import { now } from "../util/clock.js";
import { toError } from "../util/thrown.js";
import { EntityHealth } from "./entity-health.js";
import { type BatchEntry, type Entry, PENDING, type Settlement, type Waiter } from "./entry.js";
import { noteFailure } from "./entry-backoff.js";
import { countRejected, learnIds } from "./journal-state.js";
import { OperationQueue } from "./operation-queue.js";
import type { AwaitedId } from "./outgoing.js";
import { Pump } from "./pump.js";
import type { Scope } from "./scope.js";
import type { Sender } from "./sender.js";
import { SenderLease } from "./sender-lease.js";
import { StreamOutboxes } from "./stream-outboxes.js";
import type { UnsettledSteps } from "./unsettled-steps.js";

/** Sends the writes of one experiment or run, if this process may send them. */
export class EntityOutbox {
  readonly store: EntityStore;
  readonly sender: Sender;
  readonly operations: OperationQueue;
  readonly streams: StreamOutboxes;
  readonly health: EntityHealth;
  readonly lease: SenderLease;
  readonly pump: Pump;
  /** How many calls are appending rows that are not registered yet. */
  appending = 0;
  readonly #owner: Scope;
  #generation = 0;
  #order = 0;
  #hasCountedRejected = false;

  /** `owner`: the client that earlier writes count for. */
  constructor(sender: Sender, root: string, kind: FolderKind, id: string, owner: Scope) {
    this.sender = sender;
    this.#owner = owner;
    this.store = new EntityStore(root, kind, id, sender.diskPolicy(root));
    this.health = new EntityHealth(this.store.log);
    this.lease = new SenderLease(this.store.log.folder);
    this.operations = new OperationQueue(kind, this.store.log, sender.ids, owner);
    this.streams = new StreamOutboxes(this.store, sender.ids, owner, () => this.steps);
    this.pump = new Pump(this);
    learnIds(this.store, sender.ids);
  }

  get state(): SyncState {
    return this.store.log.state;
  }

  /** Whether the backend knows the entity: it has created it, or had it before this mirror. */
  get isKnown(): boolean {
    const { creation, delivered } = this.state;
    return creation === undefined || delivered.has(creation.key);
  }

  /** The entity's id at the backend; undefined while the backend does not know it. */
  get backendId(): string | undefined {
    return this.isKnown ? this.sender.ids.resolve(this.store.kind, this.store.id) : undefined;
  }

  /** The metrics of the run that are not settled, in all mirrors that are sent together. */
  get steps(): UnsettledSteps {
    return this.sender.stepsOf(this);
  }

  /** How many writes are pending. */
  get pending(): number {
    return this.operations.pending + this.streams.pending;
  }

  /** Whether nothing is pending, in flight or awaited. */
  get isIdle(): boolean {
    if (this.operations.isBusy || this.pending > 0) return false;
    for (const stream of this.streams.open()) if (stream.queue.inFlight > 0) return false;
    return true;
  }

  /** The entries that failed and wait for their next attempt. */
  *requeued(): Generator<Entry> {
    yield* this.operations.requeued();
    for (const stream of this.streams.open()) yield* stream.queue.requeued;
  }

  /** The entries that failed: those that wait for their next attempt, and those in flight. */
  *failing(): Generator<Entry> {
    yield* this.requeued();
    for (const stream of this.streams.open()) yield* stream.queue.retrying();
  }

  /** The other process that is sending for the entity, if any. */
  get leaseOwner(): LockOwner | undefined {
    return this.checkLease() ? undefined : this.lease.owner;
  }

  checkLease(): boolean {
    return this.lease.checkHeld();
  }

  /** Whether the backlog may be sent now. */
  maySendBacklog(): boolean {
    return this.sender.connection.maySend && !this.health.isPaused && this.checkLease();
  }

  /** Acquires the sender lease, unless another process has it. Then reads and counts what is pending. */
  takeLease(): boolean {
    if (this.checkLease()) return true;
    if (!this.lease.acquire()) return false;
    this.health.release(true);
    if (!this.sender.isOffline) this.recount();
    return true;
  }

  /** Reads the journal again, and counts what is pending. */
  recount(): void {
    this.store.load();
    learnIds(this.store, this.sender.ids);
    this.operations.reset();
    this.streams.reset();
    this.#count();
    if (!this.#hasCountedRejected) countRejected(this.store, this.#owner.counters);
    this.#hasCountedRejected = true;
  }

  /** Polls what other processes wrote, or, if one of them sends for the entity, what it delivered. */
  poll(): void {
    if (!this.checkLease()) {
      if (!this.takeLease()) this.recount();
      return;
    }
    this.store.log.refresh();
    this.#count();
  }

  /** Registers rows that were just appended; `waiter` gets their settlement. */
  accept(
    stream: StreamName,
    range: ByteRange,
    rows: number,
    scope: Scope,
    text: string | undefined,
    waiter: Waiter,
  ): void {
    let entry: BatchEntry | undefined;
    try {
      entry = this.#register(stream, range, rows, scope, text, waiter);
    } catch (error) {
      // The rows are in the file, and the next poll finds them there.
      scope.announce(toError(error));
    }
    if (entry === undefined) {
      this.sender.noteBacklog(this);
      waiter.settle(PENDING);
    } else this.pump.start(entry);
  }

  /** Reports an error that belongs to no call. */
  announce(error: unknown): void {
    this.#owner.announce(toError(error));
  }

  /** Registers a patch that was just journaled; `waiter` gets its settlement. Behind a backlog it waits for its turn. */
  acceptPatch(key: string, scope: Scope, waiter: Waiter): void {
    this.operations.count(scope);
    const isLive = waiter.isAwaited && this.#isLive();
    const isNext = isLive && !this.sender.isDraining && !this.hasRowBacklog();
    const entry = isNext ? this.operations.await(key, this.#order++, waiter) : undefined;
    if (entry === undefined) {
      this.sender.noteBacklog(this);
      const error = isLive ? (this.sender.connection.blocked ?? this.health.forbidden) : undefined;
      waiter.settle(error === undefined ? PENDING : { kind: "failed", error });
    } else this.pump.start(entry);
  }

  /** Registers a patch that was just journaled and has been sent already, unless the backend was unavailable. */
  acceptSentPatch(key: string, scope: Scope, outcome: Outcome | undefined): void {
    this.operations.count(scope);
    if (outcome?.kind === "delivered" && this.checkLease()) {
      try {
        this.store.log.acknowledgeOp(key, undefined);
      } catch (error) {
        scope.announce(toError(error));
      }
      this.operations.settleSent(key);
    } else if (outcome?.kind === "unavailable") this.noteAttempt(key, outcome);
    else this.sender.noteBacklog(this);
  }

  /** Journals and registers the create of the entity: done by the backend, or to be sent. */
  acceptCreate(created: NewEntity, scope: Scope, isDelivered: boolean): void {
    this.store.create(created, isDelivered ? this.store.id : undefined);
    learnIds(this.store, this.sender.ids);
    if (isDelivered) this.operations.countDelivered(scope);
    this.operations.count(scope);
    if (!isDelivered) this.sender.noteBacklog(this);
  }

  /** Whether the backlog has rows to send now. */
  hasRowBacklog(streams: readonly StreamName[] = STREAMS): boolean {
    const time = now();
    return this.backendId !== undefined && this.streams.all(streams).some((stream) => stream.hasBacklog(time));
  }

  /** Whether the backlog has creates or patches to send now. */
  hasOperationBacklog(kind: "create" | "patch"): boolean {
    return (kind === "create" || this.isKnown) && this.operations.hasBacklog(kind, now());
  }

  /** Requeues an entry to be sent after `backoffMs`; the call that waits for it gets `settlement`. */
  requeue(entry: Entry, settlement: Settlement, backoffMs: number): void {
    entry.attempts += 1;
    entry.dueAt = now() + backoffMs;
    this.#settleWaiter(entry, settlement);
    this.#putBack(entry);
  }

  /** An attempt of an operation that was just counted has failed: the next one is a retry, after its own backoff. */
  noteAttempt(key: string, outcome: Unavailable): void {
    const entry = this.operations.entryOf(key);
    if (entry === undefined) return;
    try {
      if (this.checkLease()) this.store.log.noteOpSent(entry.operation.slot);
    } catch (error) {
      entry.scope.announce(toError(error));
    }
    this.requeue(entry, PENDING, noteFailure(this.sender.connection, entry, outcome));
  }

  /** Defers an entry until an id is known. Its call waits too only while the id is being looked up. */
  waitFor(entry: Entry, waitsFor: AwaitedId): void {
    entry.waitsFor = waitsFor;
    if (!this.sender.ids.isLookingUp(waitsFor.kind, waitsFor.id)) this.#settleWaiter(entry, PENDING);
    this.#putBack(entry);
    this.pump.limitWait(entry);
  }

  /** An entry is settled. */
  settled(entry: Entry, settlement: Settlement): void {
    if (settlement.kind !== "failed") this.sender.noteProgress();
    this.#settleWaiter(entry, settlement);
  }

  /** Two parts of a batch are sent in its place. */
  replace(entry: BatchEntry, parts: readonly ByteRange[]): void {
    entry.stream.replace(entry, parts);
    this.sender.noteProgress();
    this.sender.noteBacklog(this);
  }

  /** Requeues what the backend rejected: creates always, as everything else depends on them. */
  retryRejected(rowsAndPatches: boolean): void {
    this.operations.retryRejected(rowsAndPatches);
    if (rowsAndPatches) for (const stream of this.streams.all()) stream.retryRejected();
    this.sender.noteBacklog(this);
  }

  /** Releases files and the lease; another process may then take over. */
  close(): void {
    try {
      this.streams.close();
      this.store.close();
    } finally {
      this.lease.release();
    }
  }

  /** Counts rows that were just appended; the entry that a call waits for, if it may wait. */
  #register(
    stream: StreamName,
    range: ByteRange,
    rows: number,
    scope: Scope,
    text: string | undefined,
    waiter: Waiter,
  ): BatchEntry | undefined {
    this.#followStore();
    const outbox = this.streams.of(stream, this.store.slot ?? 1);
    const { isOffline, connection } = this.sender;
    outbox.rows.register(range, rows, scope, isOffline);
    const isLive = !isOffline && waiter.isAwaited && this.#isLive() && !(stream === "metrics" && this.#mayRepeat(text));
    const entry = isLive ? outbox.enqueue(range, this.#order++, waiter, text) : undefined;
    if (entry === undefined && text !== undefined) {
      if (connection.isUp) outbox.recent.remember(range.start, text);
      if (stream === "metrics" && !isOffline) this.steps.noteBacklog(text);
    }
    return entry;
  }

  /** Whether a call may wait for the backend's response. */
  #isLive(): boolean {
    return this.sender.connection.isUp && this.isKnown && this.checkLease();
  }

  /** Whether the backlog may have a row of the same step, which has to be sent first. */
  #mayRepeat(text: string | undefined): boolean {
    const { steps } = this;
    if (!steps.hasBacklog || text === undefined) return false;
    if (this.streams.pending > 1) return steps.mayRepeat(text);
    // The row itself is pending.
    steps.clearBacklog();
    return false;
  }

  #count(): void {
    this.operations.count();
    this.streams.count();
    if (this.pending > 0) this.sender.noteBacklog(this);
  }

  /** Resets the state if the files were deleted or truncated. */
  #followStore(): void {
    if (this.#generation === this.store.generation) return;
    this.#generation = this.store.generation;
    this.recount();
  }

  #settleWaiter(entry: Entry, settlement: Settlement): void {
    this.pump.stopTimer(entry);
    const { waiter } = entry;
    entry.waiter = undefined;
    if (waiter !== undefined) waiter.settle(settlement);
    else if (settlement.kind === "failed") entry.scope.announce(settlement.error);
  }

  #putBack(entry: Entry): void {
    if (entry.kind === "batch") entry.stream.queue.enqueue(entry);
    else this.operations.requeue(entry);
    this.sender.noteBacklog(this);
  }
}
