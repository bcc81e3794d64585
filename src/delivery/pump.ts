import { now } from "../util/clock.js";
import { TransientMap } from "../util/transient-map.js";
import type { EntityOutbox } from "./entity-outbox.js";
import type { BatchEntry, Entry } from "./entry.js";
import { sendEntry } from "./send-entry.js";
import type { SendStep } from "./send-order.js";
import type { StreamOutbox } from "./stream-outbox.js";
import { PENDING } from "./waiter.js";

/**
 * Sends the entries of one entity: first those that calls wait for, then, during a drain, the backlog. Up to `concurrency`
 * batches of each stream are in flight; creates and patches are sent one by one.
 */
export class Pump {
  readonly #outbox: EntityOutbox;
  /** Ends the wait of calls whose entries are still queued at their deadline. */
  readonly #timers = new TransientMap<Entry, NodeJS.Timeout>();

  constructor(outbox: EntityOutbox) {
    this.#outbox = outbox;
  }

  /** Sends what calls wait for. */
  run(): void {
    for (const stream of this.#outbox.streams.open()) this.#runStream(stream);
    this.#runPatches();
  }

  /** Ends the wait of calls whose writes name an id that was looked up and that the backend does not know yet. */
  endLookups(): void {
    const { ids } = this.#outbox.sender;
    for (const entry of [...this.#timers.keys()]) {
      const { waitsFor } = entry;
      if (waitsFor === undefined || ids.isLookingUp(waitsFor.kind, waitsFor.id)) continue;
      if (ids.resolve(waitsFor.kind, waitsFor.id) === undefined) this.#expire(entry);
    }
  }

  /** Sends an entry that was just registered, or sets a timer for its deadline. */
  start(entry: Entry): void {
    if (entry.kind === "batch") this.#runStream(entry.stream);
    else this.#runPatches();
    this.limitWait(entry);
  }

  /** Sets a timer for the deadline of the call that waits for a queued entry. */
  limitWait(entry: Entry): void {
    if (entry.waiter === undefined || this.#isSending(entry) || this.#timers.has(entry)) return;
    const expire = (): void => this.#expire(entry);
    this.#timers.set(entry, setTimeout(expire, Math.max(0, entry.waiter.endsAt - now())));
  }

  /** Sends the rows of a segment that are in the backlog now, up to a line, as long as the backend accepts them. */
  drainRows(stream: StreamOutbox, until?: number): Promise<void> {
    return new Promise((resolve) => {
      stream.startDrain(resolve, until);
      this.#runStream(stream);
    });
  }

  /** Sends one write of a step, due or not; false if there is none. */
  async probe(step: SendStep, prefersFresh: boolean): Promise<boolean> {
    const entry = this.#probeOf(step, prefersFresh);
    if (entry !== undefined) await this.#send(entry);
    return entry !== undefined;
  }

  /** An entry has left its queue, or is settled. */
  stopTimer(entry: Entry): void {
    if (this.#timers.size === 0) return;
    clearTimeout(this.#timers.get(entry));
    this.#timers.delete(entry);
  }

  #probeOf(step: SendStep, prefersFresh: boolean): Entry | undefined {
    const { lease, health, isKnown, store, operations, streams } = this.#outbox;
    if (!lease.checkHeld() || health.isPaused) return undefined;
    if ("entity" in step) {
      const isMeant = step.entity === store.kind && (step.kind === "create" || isKnown);
      return isMeant ? operations.takeProbe(step.kind) : undefined;
    }
    for (const stream of isKnown ? streams.all(step.streams) : []) {
      const batch = this.#taken(() => stream.takeProbe(prefersFresh));
      if (batch !== undefined) return batch;
    }
    return undefined;
  }

  #isSending(entry: Entry): boolean {
    return entry.kind === "batch" ? entry.stream.queue.isSending(entry) : this.#outbox.operations.isSending(entry);
  }

  #runStream(stream: StreamOutbox): void {
    const { concurrency } = this.#outbox.sender;
    while (stream.queue.inFlight < concurrency) {
      const entry = stream.queue.takeAwaited() ?? this.#takeBacklog(stream);
      if (entry === undefined) break;
      this.stopTimer(entry);
      void this.#send(entry);
    }
    if (stream.queue.inFlight < concurrency) stream.endDrain();
  }

  #takeBacklog(stream: StreamOutbox): Entry | undefined {
    if (!stream.isDraining || !this.#outbox.maySendBacklog()) return undefined;
    return this.#taken(() => stream.takeBacklog(now()));
  }

  /** A file that cannot be read now must neither end the process nor block a drain. */
  #taken(take: () => BatchEntry | undefined): BatchEntry | undefined {
    try {
      return take();
    } catch (error) {
      this.#outbox.announce(error);
      return undefined;
    }
  }

  /** Patches are sent after the rows whose calls came before theirs. */
  #runPatches(): void {
    const { operations, sender, streams } = this.#outbox;
    const [first] = operations.awaited;
    if (first === undefined || operations.isBusy) return;
    for (const stream of streams.open()) if (stream.queue.firstAwaited < first.order) return;
    const { isUp, isStopped } = sender.connection;
    const entry = isUp && !isStopped ? operations.takeAwaited(now()) : undefined;
    if (entry === undefined) {
      // The backend is unavailable, or an earlier patch that failed sets one of its fields and has to be sent first.
      for (const blocked of operations.awaited) this.#endWait(blocked);
      return;
    }
    this.stopTimer(entry);
    void this.#send(entry);
  }

  async #send(entry: Entry): Promise<void> {
    await sendEntry(this.#outbox, entry);
    if (entry.kind === "batch") this.#runStream(entry.stream);
    this.#runPatches();
  }

  #expire(entry: Entry): void {
    this.#endWait(entry);
    this.run();
  }

  /** The call of a queued entry waits no longer: the entry joins the backlog. */
  #endWait(entry: Entry): void {
    this.stopTimer(entry);
    if (entry.kind === "batch") entry.stream.queue.leaveQueue(entry);
    else this.#outbox.operations.leaveQueue(entry);
    entry.waiter?.settle(PENDING);
    entry.waiter = undefined;
    this.#outbox.sender.noteBacklog(this.#outbox);
  }
}
