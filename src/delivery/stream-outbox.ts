import { ID_KIND_OF } from "../api/routes.js";
import type { EntityStore } from "../journal/entity-store.js";
import type { BatchRange, Segment, StoredLine } from "../journal/segment.js";
import type { Session } from "../journal/sessions.js";
import type { ByteRange } from "../store/line-writer.js";
import { parseRow } from "../store/rows.js";
import type { WriteState } from "./counters.js";
import { type BatchEntry, isDue, PENDING, type Waiter } from "./entry.js";
import type { IdMap } from "./id-map.js";
import { PendingCount } from "./pending-count.js";
import type { Scope } from "./scope.js";
import type { UnsettledSteps } from "./unsettled-steps.js";
import { partsOf } from "./waiters.js";

/** Maximum number of entries in memory that failed alone. */
const MAX_REQUEUED = 1_000;
const MAX_RECENT_BYTES = 64 * 1024;

/**
 * The rows of one segment that are not delivered. The file itself is the queue: a cursor moves over it, past acknowledged
 * lines, and only entries that are in flight, awaited or requeued are in memory.
 */
export class StreamOutbox {
  readonly segment: Segment;
  readonly pending: PendingCount;
  readonly #store: EntityStore;
  readonly #ids: IdMap;
  /** Those of the run; undefined for rows that have no step of their own. */
  readonly #steps: (() => UnsettledSteps) | undefined;
  readonly #owners: { readonly start: number; readonly scope: Scope }[];
  readonly #awaited: BatchEntry[] = [];
  readonly #requeued: BatchEntry[] = [];
  readonly #sending = new Set<BatchEntry>();
  /** What is in flight, awaited or requeued, by its start. */
  readonly #claimed = new Map<number, BatchEntry>();
  /** What was in flight when the counts were reset, until it is counted again. */
  readonly #uncounted = new Set<BatchEntry>();
  /** Lines that were just written, so that the backlog need not read them from the file. */
  readonly #recent = new Map<number, string>();
  #recentBytes = 0;
  /** The number of requeued batches that a call still waits for, until an id is looked up. */
  #lookedUp = 0;
  #cursor = 0;
  #counted = 0;
  #drainUntil: number | undefined;

  constructor(store: EntityStore, segment: Segment, ids: IdMap, scope: Scope, steps: () => UnsettledSteps) {
    this.#store = store;
    this.#ids = ids;
    this.#steps = segment.stream === "metrics" ? steps : undefined;
    this.segment = segment;
    this.pending = new PendingCount(segment.stream);
    this.#owners = [{ start: 0, scope }];
  }

  /** The number of batches in flight. */
  get inFlight(): number {
    return this.#sending.size;
  }

  /** The position among the entity's awaited entries of the first batch that is not settled. */
  get firstAwaited(): number {
    let first = this.#awaited[0]?.order ?? Number.POSITIVE_INFINITY;
    for (const { order } of this.#sending) first = Math.min(first, order);
    return first;
  }

  /** Batches that failed and wait for their next attempt. */
  get requeued(): readonly BatchEntry[] {
    return this.#requeued;
  }

  /** Batches that failed and are being sent again. */
  *retrying(): Generator<BatchEntry> {
    for (const entry of this.#sending) if (entry.attempts > 0) yield entry;
  }

  isSending(entry: BatchEntry): boolean {
    return this.#sending.has(entry);
  }

  /** This process has appended rows. `isUncounted`: what was there before is not counted. */
  register({ start, end }: ByteRange, rows: number, scope: Scope, isUncounted: boolean): void {
    if (this.#counted < start && !isUncounted) this.count(start);
    // A recount has seen them already.
    if (this.#counted >= end) return;
    this.#counted = end;
    if (this.#owners.at(-1)?.scope !== scope) this.#owners.push({ start, scope });
    this.pending.add(scope, rows);
  }

  /** Keeps a row that was just written, so that the backlog need not read it from the file. */
  remember(start: number, text: string): void {
    if (this.#recentBytes >= MAX_RECENT_BYTES) return;
    this.#recent.set(start, text);
    this.#recentBytes += text.length;
  }

  /** Queues rows that a call waits for before the backlog; undefined if they are taken already. */
  enqueue({ start, end }: ByteRange, order: number, waiter: Waiter, text: string | undefined): BatchEntry | undefined {
    const session = this.#store.log.state.sessions.at(this.segment.slot, this.segment.stream, start);
    if (session === undefined || start < this.#cursor || this.#claimed.has(start)) return undefined;
    const lines = text === undefined ? undefined : linesAt(start, text);
    const entry = { ...this.#entry({ start, end, session }), order, waiter, lines };
    this.#claim(entry);
    this.#awaited.push(entry);
    return entry;
  }

  /** The next batch that a call waits for. */
  takeAwaited(): BatchEntry | undefined {
    const at = this.#awaited.findIndex((entry) => !this.mustWait(entry));
    const [entry] = at === -1 ? [] : this.#awaited.splice(at, 1);
    return this.#taken(entry ?? this.#takeLookedUp());
  }

  /** The next batch of the backlog, up to the drain's end: failed ones come last. */
  takeBacklog(time: number): BatchEntry | undefined {
    if (this.#drainUntil === undefined) return undefined;
    return this.#taken(this.#takeFresh(this.#drainUntil) ?? this.#takeDue(time));
  }

  /** One batch to probe with, due or not. */
  takeProbe(prefersFresh: boolean): BatchEntry | undefined {
    const requeued = () => this.#takeDue(Number.POSITIVE_INFINITY);
    const fresh = () => this.#takeFresh(this.#counted);
    return this.#taken(prefersFresh ? (fresh() ?? requeued()) : (requeued() ?? fresh()));
  }

  /** A call does not wait for its batch any more: it joins the backlog. */
  leaveQueue(entry: BatchEntry): void {
    const at = this.#awaited.indexOf(entry);
    if (at === -1) {
      if (this.#requeued.includes(entry)) this.#lookedUp -= 1;
      return;
    }
    this.#awaited.splice(at, 1);
    this.#toBacklog(entry);
  }

  /** Puts a batch back to be sent. */
  requeue(entry: BatchEntry): void {
    this.#sending.delete(entry);
    if (this.#claimed.get(entry.start) !== entry) return;
    this.#toBacklog(entry);
    if (entry.waiter !== undefined) this.#lookedUp += 1;
  }

  /** Puts the parts of a batch in its place. */
  replace(entry: BatchEntry, parts: readonly ByteRange[]): void {
    this.#sending.delete(entry);
    if (this.#claimed.get(entry.start) !== entry) {
      entry.waiter?.settle(PENDING);
      return;
    }
    this.#claimed.delete(entry.start);
    const waiter = entry.waiter === undefined ? undefined : partsOf(entry.waiter, parts.length);
    for (const { start, end } of parts) {
      const part = { ...this.#entry({ start, end, session: entry.session }), order: entry.order, waiter };
      this.#claimed.set(start, part);
      (waiter === undefined ? this.#requeued : this.#awaited).push(part);
    }
  }

  /** A batch is settled: its lines are delivered, rejected or skipped. */
  settle(entry: BatchEntry, state: WriteState, lines: number, skipped = 0): void {
    this.#sending.delete(entry);
    const isClaimed = this.#claimed.get(entry.start) === entry;
    if (isClaimed) this.#claimed.delete(entry.start);
    const isCounted = isClaimed && !this.#uncounted.delete(entry);
    this.#steps?.().remove(entry);
    const settle = (to: WriteState, writes: number): void => {
      if (isCounted) this.pending.settle(entry.scope, to, writes);
      else this.pending.settleUncounted(entry.scope, to, writes);
    };
    settle(state, lines);
    if (skipped > 0) settle("skipped", skipped);
  }

  /** The lines of a batch. */
  linesOf(entry: BatchEntry): readonly StoredLine[] {
    if (entry.lines !== undefined) return entry.lines;
    const text = this.#recent.get(entry.start);
    if (text === undefined) return this.segment.read(entry);
    this.#recent.delete(entry.start);
    this.#recentBytes -= text.length;
    return linesAt(entry.start, text);
  }

  /** Whether the backlog has batches to send that are not in flight. */
  hasBacklog(time: number): boolean {
    return this.#requeued.some((entry) => entry.waiter === undefined && this.#isDue(entry, time)) || this.hasFresh();
  }

  /** Whether there are rows before a line that are not taken yet. */
  hasFresh(until = this.#counted): boolean {
    return this.#nextFresh() < Math.min(until, this.#counted);
  }

  /** Whether a batch has to wait for an earlier row of its step. */
  mustWait(entry: BatchEntry): boolean {
    return this.#steps?.().mustWait(entry) ?? false;
  }

  /** Starts a drain of the backlog as it is now, up to a line. */
  startDrain(until = this.#counted): void {
    this.#drainUntil = Math.min(until, this.#counted);
  }

  /** Ends a drain that has nothing left to take or in flight. Returns whether it has ended. */
  endDrain(): boolean {
    if (this.#drainUntil === undefined) return false;
    for (const { waiter } of this.#sending) if (waiter === undefined) return false;
    this.#drainUntil = undefined;
    return true;
  }

  /** Counts the pending lines that were added since, up to a line: all of them, or none if the file cannot be read. */
  count(until = this.#isOwn ? this.#store.ownRows(this.segment.stream).end : this.segment.size): void {
    const named = ID_KIND_OF[this.segment.stream];
    const found = new Map<Scope, number>();
    let counted = this.#counted;
    for (const { start, end, bytes } of this.segment.openLines(counted, until)) {
      const scope = this.#scopeAt(start);
      if (bytes.length > 0) found.set(scope, (found.get(scope) ?? 0) + 1);
      if (bytes.length > 0) this.#steps?.().noteBacklog(bytes.toString());
      const id = named === undefined ? undefined : parseRow(bytes.toString())?.id;
      if (named !== undefined && typeof id === "string") this.#ids.expect(named, id);
      counted = end;
    }
    for (const [scope, rows] of found) this.pending.add(scope, rows);
    this.#counted = counted;
    for (const entry of this.#uncounted) if (entry.start < counted) this.#uncounted.delete(entry);
  }

  /** Requeues rejected rows. */
  retryRejected(): void {
    for (const session of this.#store.log.state.sessions.byNonce.values()) {
      if (session.slot !== this.segment.slot) continue;
      const { rejected } = session.spans[this.segment.stream];
      for (const [start, { end, rows }] of rejected) {
        const entry = { ...this.#entry({ start, end, session }), isInherited: false };
        this.#claim(entry);
        this.#requeued.push(entry);
        this.pending.retry(entry.scope, rows);
      }
      rejected.clear();
    }
  }

  /** Resets the state: the file is read again from its start. Entries that are in flight and still pending are kept. */
  reset(): void {
    for (const entry of [...this.#awaited.splice(0), ...this.#requeued.splice(0)]) {
      this.#steps?.().remove(entry);
      entry.waiter?.settle(PENDING);
      entry.waiter = undefined;
    }
    this.#lookedUp = 0;
    this.#claimed.clear();
    this.#uncounted.clear();
    for (const entry of this.#sending) {
      if (!this.#isOpen(entry)) continue;
      this.#claimed.set(entry.start, entry);
      this.#uncounted.add(entry);
    }
    // A drain that is under way takes nothing that is not counted.
    if (this.#drainUntil !== undefined) this.#drainUntil = 0;
    this.#recent.clear();
    this.#recentBytes = 0;
    this.#cursor = 0;
    this.#counted = 0;
    this.pending.reset();
    this.segment.close();
  }

  close(): void {
    this.segment.close();
  }

  get #isOwn(): boolean {
    return this.segment.slot === this.#store.slot;
  }

  #isInherited(start: number, { nonce }: Session): boolean {
    const isOwn = this.#isOwn && start >= this.#store.ownRows(this.segment.stream).start;
    return !isOwn && this.#store.log.wasSentBefore(nonce);
  }

  #isOpen({ start, session }: BatchEntry): boolean {
    const { slot, stream } = this.segment;
    const found = this.#store.log.state.sessions.at(slot, stream, start);
    return found?.nonce === session.nonce && this.segment.nextOpen(start) === start;
  }

  #nextFresh(): number {
    return this.segment.nextOpen(this.#cursor, this.#claimed);
  }

  /** A batch whose call waits until an id has been looked up. */
  #takeLookedUp(): BatchEntry | undefined {
    if (this.#lookedUp === 0) return undefined;
    return this.#removeRequeued((entry) => entry.waiter !== undefined && this.#isDue(entry, Number.POSITIVE_INFINITY));
  }

  #takeFresh(until: number): BatchEntry | undefined {
    for (;;) {
      const start = this.#nextFresh();
      if (start >= until || this.#requeued.length >= MAX_REQUEUED) return undefined;
      const batch = this.segment.batchAt(start, until);
      if (batch === undefined) {
        this.#cursor = start;
        return undefined;
      }
      const entry = this.#entry(batch);
      this.#claim(entry);
      this.#cursor = batch.end;
      if (!this.mustWait(entry)) return entry;
      this.#toBacklog(entry);
    }
  }

  #claim(entry: BatchEntry): void {
    if (this.#steps !== undefined) {
      entry.lines ??= this.linesOf(entry);
      this.#steps().add(entry, entry.lines[0]?.text ?? "");
    }
    this.#claimed.set(entry.start, entry);
  }

  /** Releases a batch that is not being sent for now. */
  #toBacklog(entry: BatchEntry): void {
    const [line] = entry.lines ?? [];
    if (line !== undefined) this.#steps?.().noteBacklog(line.text);
    entry.lines = undefined;
    this.#requeued.push(entry);
  }

  #isDue(entry: BatchEntry, time: number): boolean {
    return isDue(entry, time, this.#ids) && !this.mustWait(entry);
  }

  #takeDue(time: number): BatchEntry | undefined {
    return this.#removeRequeued((entry) => entry.waiter === undefined && this.#isDue(entry, time));
  }

  #removeRequeued(isMeant: (entry: BatchEntry) => boolean): BatchEntry | undefined {
    const at = this.#requeued.findIndex(isMeant);
    const [entry] = at === -1 ? [] : this.#requeued.splice(at, 1);
    if (entry?.waiter !== undefined) this.#lookedUp -= 1;
    return entry;
  }

  #taken(entry: BatchEntry | undefined): BatchEntry | undefined {
    if (entry !== undefined) this.#sending.add(entry);
    return entry;
  }

  #scopeAt(start: number): Scope {
    const owner = this.#owners.findLast((one) => one.start <= start) ?? this.#owners[0];
    if (owner === undefined) throw new RangeError("A stream has an owner from its start on.");
    return owner.scope;
  }

  #entry({ start, end, session }: BatchRange): BatchEntry {
    return {
      kind: "batch",
      stream: this,
      start,
      end,
      session,
      scope: this.#scopeAt(start),
      order: Number.POSITIVE_INFINITY,
      waiter: undefined,
      lines: undefined,
      step: undefined,
      isInherited: this.#isInherited(start, session),
      attempts: 0,
      conflicts: 0,
      dueAt: 0,
      waitsFor: undefined,
      reason: "",
      uploadCuts: 0,
    };
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
