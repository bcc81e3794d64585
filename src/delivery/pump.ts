import type { StreamName } from "../api/routes.js";
import { now } from "../util/clock.js";
import type { EntityOutbox } from "./entity-outbox.js";
import { type BatchEntry, type Entry, PENDING } from "./entry.js";
import { sendEntry } from "./send-entry.js";
import type { StreamOutbox } from "./stream-outbox.js";

/**
 * Sends the entries of one entity: those that calls wait for first, then, while it is drained, the backlog. Up to
 * `concurrency` batches of each stream are in flight; creates and patches go out one by one.
 */
export class Pump {
  readonly #outbox: EntityOutbox;
  readonly #drains = new Map<StreamOutbox, () => void>();
  /** Ends the wait of calls whose entries are still queued when their time is over. */
  readonly #timers = new Map<Entry, NodeJS.Timeout>();

  constructor(outbox: EntityOutbox) {
    this.#outbox = outbox;
  }

  /** Sends what calls wait for. */
  run(): void {
    for (const stream of this.#outbox.streams.open()) this.#runStream(stream);
    this.#runPatches();
  }

  /** Sends an entry that was just registered, or bounds its wait. */
  start(entry: Entry): void {
    if (entry.kind === "batch") this.#runStream(entry.stream);
    else this.#runPatches();
    if (entry.waiter === undefined || this.#isSending(entry)) return;
    const expire = (): void => this.#expire(entry);
    this.#timers.set(entry, setTimeout(expire, Math.max(0, entry.waiter.endsAt - now())));
  }

  /** Sends the rows of a segment that are in the backlog by now, up to a place, as long as the backend takes them. */
  drainRows(stream: StreamOutbox, until?: number): Promise<void> {
    return new Promise((resolve) => {
      stream.startDrain(until);
      this.#drains.set(stream, resolve);
      this.#runStream(stream);
    });
  }

  /** Sends one entry of the backlog, due or not; false if there is none. */
  async probe(
    streams: readonly StreamName[],
    operation: "create" | "patch" | undefined,
    prefersFresh: boolean,
  ): Promise<boolean> {
    if (!this.#outbox.checkLease() || this.#outbox.health.isPaused) return false;
    if (operation !== "create" && !this.#outbox.isKnown) return false;
    for (const stream of this.#outbox.streams.all(streams)) {
      const batch = this.#taken(() => stream.takeProbe(prefersFresh));
      if (batch === undefined) continue;
      await this.#send(batch);
      return true;
    }
    const { operations } = this.#outbox;
    const entry = operation === undefined ? undefined : operations.takeProbe(operation);
    if (entry !== undefined) await this.#send(entry);
    return entry !== undefined;
  }

  /** An entry has left its queue, or is settled. */
  stopTimer(entry: Entry): void {
    if (this.#timers.size === 0) return;
    clearTimeout(this.#timers.get(entry));
    this.#timers.delete(entry);
  }

  #isSending(entry: Entry): boolean {
    return entry.kind === "batch" ? entry.stream.isSending(entry) : this.#outbox.operations.isSending(entry);
  }

  #runStream(stream: StreamOutbox): void {
    const { concurrency } = this.#outbox.sender;
    while (stream.inFlight < concurrency) {
      const entry = stream.takeAwaited() ?? this.#takeBacklog(stream);
      if (entry === undefined) break;
      this.stopTimer(entry);
      void this.#send(entry);
    }
    const drained = this.#drains.get(stream);
    if (drained === undefined || stream.inFlight >= concurrency || !stream.endDrain()) return;
    this.#drains.delete(stream);
    stream.close();
    drained();
  }

  #takeBacklog(stream: StreamOutbox): Entry | undefined {
    if (!this.#drains.has(stream) || !this.#outbox.maySendBacklog()) return undefined;
    return this.#taken(() => stream.takeBacklog(now()));
  }

  /** A file that cannot be read now must not end the process, nor keep a drain from ending. */
  #taken(take: () => BatchEntry | undefined): BatchEntry | undefined {
    try {
      return take();
    } catch (error) {
      this.#outbox.announce(error);
      return undefined;
    }
  }

  /** Patches go behind the rows whose calls came before theirs. */
  #runPatches(): void {
    const { operations, streams } = this.#outbox;
    const [first] = operations.awaited;
    if (first === undefined || operations.isBusy) return;
    for (const stream of streams.open()) if (stream.firstAwaited < first.order) return;
    const entry = operations.takeAwaited(now());
    if (entry === undefined) {
      // An earlier patch that failed sets one of its fields: it has to go first.
      for (const blocked of [...operations.awaited]) this.#expire(blocked);
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
    this.stopTimer(entry);
    if (entry.kind === "batch") entry.stream.leaveQueue(entry);
    else this.#outbox.operations.leaveQueue(entry);
    entry.waiter?.settle(PENDING);
    entry.waiter = undefined;
    this.#outbox.sender.noteBacklog(this.#outbox);
    this.run();
  }
}
