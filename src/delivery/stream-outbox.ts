import type { EntityStore } from "../journal/entity-store.js";
import type { BatchRange, Segment, StoredLine } from "../journal/segment.js";
import type { ByteRange } from "../store/append-file.js";
import { BatchQueue } from "./batch-queue.js";
import type { WriteState } from "./counters.js";
import { BatchEntry } from "./entry.js";
import type { IdMap } from "./id-map.js";
import { RowCount } from "./row-count.js";
import type { Scope } from "./scope.js";
import type { UnsettledSteps } from "./unsettled-steps.js";
import { PENDING, partsOf, type Waiter } from "./waiter.js";

/**
 * The rows of one segment that are not delivered. The file itself is the backlog: a cursor moves over it, past acknowledged
 * lines, and only the batches in the queue are in memory.
 */
export class StreamOutbox {
  readonly segment: Segment;
  readonly queue: BatchQueue;
  readonly rows: RowCount;
  readonly #store: EntityStore;
  #cursor = 0;
  #drain: { until: number; readonly ended: () => void } | undefined;

  constructor(store: EntityStore, segment: Segment, ids: IdMap, scope: Scope, steps: () => UnsettledSteps) {
    const stepsOfRows = segment.stream === "metrics" ? steps : undefined;
    this.#store = store;
    this.segment = segment;
    this.queue = new BatchQueue(ids, stepsOfRows);
    this.rows = new RowCount(store, segment, ids, scope, stepsOfRows);
  }

  /** Queues rows that a call waits for before the backlog; undefined if they are taken already. */
  enqueue({ start, end }: ByteRange, order: number, waiter: Waiter, text: string | undefined): BatchEntry | undefined {
    const session = this.#store.log.state.sessions.at(this.segment.slot, this.segment.stream, start);
    if (session === undefined || start < this.#cursor || this.queue.claimed.has(start)) return undefined;
    const entry = this.#entry({ start, end, session });
    entry.order = order;
    entry.waiter = waiter;
    entry.lines = text === undefined ? undefined : linesAt(start, text);
    this.queue.claim(entry);
    this.queue.enqueue(entry);
    return entry;
  }

  /** Takes the next batch of the backlog, up to the drain's end: failed ones come last. */
  takeBacklog(time: number): BatchEntry | undefined {
    if (this.#drain === undefined) return undefined;
    return this.#takeFresh(this.#drain.until) ?? this.queue.takeDue(time);
  }

  /** Takes one batch to probe with, due or not. */
  takeProbe(prefersFresh: boolean): BatchEntry | undefined {
    const requeued = () => this.queue.takeDue(Number.POSITIVE_INFINITY);
    const fresh = () => this.#takeFresh(this.rows.end);
    return prefersFresh ? (fresh() ?? requeued()) : (requeued() ?? fresh());
  }

  /** Puts the parts of a batch in its place. */
  replace(entry: BatchEntry, parts: readonly ByteRange[]): void {
    if (!this.queue.settle(entry)) {
      entry.waiter?.settle(PENDING);
      return;
    }
    const waiter = entry.waiter === undefined ? undefined : partsOf(entry.waiter, parts.length);
    for (const { start, end } of parts) {
      const part = this.#entry({ start, end, session: entry.session });
      part.order = entry.order;
      part.waiter = waiter;
      this.queue.claim(part);
      this.queue.enqueue(part);
    }
  }

  /** A batch is settled: its lines are delivered, rejected or skipped. */
  settle(entry: BatchEntry, state: WriteState, lines: number, skipped = 0): void {
    this.rows.settle(entry, this.queue.settle(entry), state, lines, skipped);
  }

  /** The lines of a batch. */
  linesOf(entry: BatchEntry): readonly StoredLine[] {
    return entry.lines ?? this.segment.read(entry);
  }

  /** Whether the backlog has batches to send that are not in flight. */
  hasBacklog(time: number): boolean {
    return this.queue.hasDue(time) || this.hasFresh();
  }

  /** Whether there are rows before a line that are not taken yet. */
  hasFresh(until = this.rows.end): boolean {
    return this.#nextFresh() < Math.min(until, this.rows.end);
  }

  /** Whether a drain has begun and not ended. */
  get isDraining(): boolean {
    return this.#drain !== undefined;
  }

  /** Starts a drain of the backlog as it is now, up to a line. */
  startDrain(ended: () => void, until = this.rows.end): void {
    this.#drain = { until: Math.min(until, this.rows.end), ended };
  }

  /** Ends a drain that has nothing left to take, unless a batch of the backlog is in flight. */
  endDrain(): void {
    if (this.#drain === undefined || this.queue.isSendingBacklog) return;
    const { ended } = this.#drain;
    this.#drain = undefined;
    this.segment.close();
    ended();
  }

  /** Requeues rejected rows. */
  retryRejected(): void {
    for (const session of this.#store.log.state.sessions.byNonce.values()) {
      if (session.slot !== this.segment.slot) continue;
      const { rejected } = session.spans[this.segment.stream];
      for (const [start, { end, rows }] of rejected) {
        const entry = new BatchEntry(this, { start, end, session }, this.rows.scopeAt(start), false);
        this.queue.claim(entry);
        this.queue.enqueue(entry);
        this.rows.retry(entry.scope, rows);
      }
      rejected.clear();
    }
  }

  /** Resets the state: the file is read again from its start. Entries that are in flight and still pending are kept. */
  reset(): void {
    this.queue.reset((entry) => this.#isOpen(entry));
    this.rows.reset(this.queue.claimed.values());
    // A drain that is under way takes nothing that is not counted.
    if (this.#drain !== undefined) this.#drain.until = 0;
    this.#cursor = 0;
    this.segment.close();
  }

  #isOpen({ start, session }: BatchEntry): boolean {
    const { slot, stream } = this.segment;
    const found = this.#store.log.state.sessions.at(slot, stream, start);
    return found?.nonce === session.nonce && this.segment.nextOpen(start) === start;
  }

  #nextFresh(): number {
    return this.segment.nextOpen(this.#cursor, this.queue.claimed);
  }

  #takeFresh(until: number): BatchEntry | undefined {
    for (;;) {
      const start = this.#nextFresh();
      if (start >= until || this.queue.isFull) return undefined;
      const batch = this.segment.batchAt(start, until);
      if (batch === undefined) {
        this.#cursor = start;
        return undefined;
      }
      const entry = this.#entry(batch);
      this.queue.claim(entry);
      this.#cursor = batch.end;
      if (this.queue.mustWait(entry)) this.queue.enqueue(entry);
      else {
        this.queue.send(entry);
        return entry;
      }
    }
  }

  #entry(batch: BatchRange): BatchEntry {
    const { slot, stream } = this.segment;
    const isOwn = slot === this.#store.slot && batch.start >= this.#store.ownRows(stream).start;
    const isInherited = !isOwn && this.#store.log.sentBefore.has(batch.session.nonce);
    return new BatchEntry(this, batch, this.rows.scopeAt(batch.start), isInherited);
  }
}

/** The lines of a text that starts at a byte of the file. */
function linesAt(start: number, text: string): StoredLine[] {
  if (!text.includes("\n")) return [{ start, text }];
  let at = start;
  return text.split("\n").map((line) => {
    const stored = { start: at, text: line };
    at += Buffer.byteLength(line) + 1;
    return stored;
  });
}
