import { STREAMS, type StreamName } from "../api/routes.js";
import { EntityStore } from "../journal/entity-store.js";
import type { FolderKind } from "../store/paths.js";
import { now } from "../util/clock.js";
import { toError } from "../util/thrown.js";
import { EntityHealth } from "./entity-health.js";
import type { Entry } from "./entry.js";
import { countRejected, learnIds } from "./journal-state.js";
import { OperationQueue } from "./operation-queue.js";
import { Pump } from "./pump.js";
import type { Scope } from "./scope.js";
import type { SendStep } from "./send-order.js";
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
  #steps: UnsettledSteps | undefined;
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

  /** Whether the backend knows the entity: it has created it, or had it before this mirror. */
  get isKnown(): boolean {
    const { creation, delivered } = this.store.log.state;
    return creation === undefined || delivered.has(creation.key);
  }

  /** The entity's id at the backend; undefined while the backend does not know it. */
  get backendId(): string | undefined {
    return this.isKnown ? this.sender.ids.resolve(this.store.kind, this.store.id) : undefined;
  }

  /** The metrics of the run that are not settled, in all mirrors that are sent together. */
  get steps(): UnsettledSteps {
    if (this.#steps !== undefined) return this.#steps;
    const steps = this.sender.stepsOf(this);
    // Mirrors of the same run are recognized by the backend's id.
    if (!this.sender.keepsProcessAlive || this.backendId !== undefined) this.#steps = steps;
    return steps;
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

  /** Whether the backlog may be sent now. */
  maySendBacklog(): boolean {
    return this.sender.connection.maySend && !this.health.isPaused && this.lease.checkHeld();
  }

  /** Acquires the sender lease, unless another process has it. Then reads and counts what is pending. */
  takeLease(): boolean {
    if (this.lease.checkHeld()) return true;
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
    if (!this.lease.checkHeld()) {
      if (!this.takeLease()) this.recount();
      return;
    }
    this.store.log.refresh();
    this.#count();
  }

  /** Resets the state if the files were deleted or truncated. */
  followStore(): void {
    if (this.#generation === this.store.generation) return;
    this.#generation = this.store.generation;
    this.recount();
  }

  /** The position of the next entry that a call waits for. */
  nextOrder(): number {
    return this.#order++;
  }

  /** Reports an error that belongs to no call. */
  announce(error: unknown): void {
    this.#owner.announce(toError(error));
  }

  /** Whether the backlog has rows to send now. */
  hasRowBacklog(streams: readonly StreamName[] = STREAMS): boolean {
    const time = now();
    return this.backendId !== undefined && this.streams.all(streams).some((stream) => stream.hasBacklog(time));
  }

  /** Whether the backlog has writes of a step to send now. */
  hasBacklog(step: SendStep): boolean {
    if (!this.maySendBacklog()) return false;
    if ("streams" in step) return this.hasRowBacklog(step.streams);
    const { entity, kind } = step;
    return entity === this.store.kind && (kind === "create" || this.isKnown) && this.operations.hasBacklog(kind, now());
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

  #count(): void {
    this.operations.count();
    this.streams.count();
    if (this.pending > 0) this.sender.noteBacklog(this);
  }
}
