import { TransientMap } from "../util/transient-map.js";
import { type BatchEntry, isDue } from "./entry.js";
import type { IdMap } from "./id-map.js";
import type { UnsettledSteps } from "./unsettled-steps.js";
import { PENDING } from "./waiter.js";

/** Maximum number of entries in memory that failed alone. */
const MAX_REQUEUED = 1_000;

/** The batches of one segment that are in memory: awaited by a call, requeued after a failure, or in flight. */
export class BatchQueue {
  readonly #ids: IdMap;
  /** Those of the run; undefined for rows that have no step of their own. */
  readonly #steps: (() => UnsettledSteps) | undefined;
  readonly #awaited: BatchEntry[] = [];
  readonly #requeued: BatchEntry[] = [];
  /** At most `concurrency`. */
  readonly #sending: BatchEntry[] = [];
  readonly #claimed = new TransientMap<number, BatchEntry>();

  constructor(ids: IdMap, steps: (() => UnsettledSteps) | undefined) {
    this.#ids = ids;
    this.#steps = steps;
  }

  /** The number of batches in flight. */
  get inFlight(): number {
    return this.#sending.length;
  }

  /** Whether a batch that no call waits for is in flight. */
  get isSendingBacklog(): boolean {
    return this.#sending.some(({ waiter }) => waiter === undefined);
  }

  /** The position among the entity's awaited entries of the first batch that is not settled and waits for no id. */
  get firstAwaited(): number {
    let first = this.#awaited.find(({ waitsFor }) => waitsFor === undefined)?.order ?? Number.POSITIVE_INFINITY;
    for (const { order } of this.#sending) first = Math.min(first, order);
    return first;
  }

  /** Batches that failed and wait for their next attempt. */
  get requeued(): readonly BatchEntry[] {
    return this.#requeued;
  }

  get isFull(): boolean {
    return this.#requeued.length >= MAX_REQUEUED;
  }

  /** All batches, by their start. */
  get claimed(): Pick<TransientMap<number, BatchEntry>, "get" | "has" | "values"> {
    return this.#claimed;
  }

  /** Batches that failed and are being sent again. */
  *retrying(): Generator<BatchEntry> {
    for (const entry of this.#sending) if (entry.attempts > 0) yield entry;
  }

  isSending(entry: BatchEntry): boolean {
    return this.#sending.includes(entry);
  }

  /** Whether a batch has to wait for an earlier row of its step. */
  mustWait(entry: BatchEntry): boolean {
    return this.#steps?.().mustWait(entry) ?? false;
  }

  /** Whether a requeued batch may be sent. */
  hasDue(time: number): boolean {
    return this.#requeued.some((entry) => this.#isDue(entry, time));
  }

  /** Adds a new batch, which is then queued or sent. */
  claim(entry: BatchEntry): void {
    if (this.#steps !== undefined) {
      entry.lines ??= entry.stream.linesOf(entry);
      this.#steps().add(entry, entry.lines[0]?.text ?? "");
    }
    this.#claimed.set(entry.start, entry);
  }

  /** Queues a batch, for the first time or again: before the backlog if a call waits for it. */
  enqueue(entry: BatchEntry): void {
    this.#endSending(entry);
    if (this.#claimed.get(entry.start) !== entry) return;
    if (entry.waiter === undefined) this.#toBacklog(entry);
    else this.#awaited.push(entry);
  }

  /** A batch is being sent. */
  send(entry: BatchEntry): void {
    this.#sending.push(entry);
  }

  /** Takes the next batch that a call waits for. */
  takeAwaited(): BatchEntry | undefined {
    return this.#take(this.#awaited, Number.POSITIVE_INFINITY);
  }

  /** Takes the next requeued batch that may be sent. */
  takeDue(time: number): BatchEntry | undefined {
    return this.#take(this.#requeued, time);
  }

  /** A call does not wait for its batch any more: it joins the backlog. */
  leaveQueue(entry: BatchEntry): void {
    const at = this.#awaited.indexOf(entry);
    if (at === -1) return;
    this.#awaited.splice(at, 1);
    this.#toBacklog(entry);
  }

  /** Removes a batch that is settled. Returns whether it was still in the queue. */
  settle(entry: BatchEntry): boolean {
    this.#endSending(entry);
    this.#steps?.().remove(entry);
    return this.#claimed.get(entry.start) === entry && this.#claimed.delete(entry.start);
  }

  /** Removes all batches but those that are in flight and still open. */
  reset(isOpen: (entry: BatchEntry) => boolean): void {
    for (const entry of [...this.#awaited.splice(0), ...this.#requeued.splice(0)]) {
      this.#steps?.().remove(entry);
      entry.waiter?.settle(PENDING);
      entry.waiter = undefined;
    }
    this.#claimed.clear();
    for (const entry of this.#sending) if (isOpen(entry)) this.#claimed.set(entry.start, entry);
  }

  #endSending(entry: BatchEntry): void {
    const at = this.#sending.indexOf(entry);
    if (at !== -1) this.#sending.splice(at, 1);
  }

  /** Releases a batch that is not sent for now, and that no call waits for. */
  #toBacklog(entry: BatchEntry): void {
    const [line] = entry.lines ?? [];
    if (line !== undefined) this.#steps?.().noteBacklog(line.text);
    entry.lines = undefined;
    this.#requeued.push(entry);
  }

  #isDue(entry: BatchEntry, time: number): boolean {
    return isDue(entry, time, this.#ids) && !this.mustWait(entry);
  }

  #take(entries: BatchEntry[], time: number): BatchEntry | undefined {
    const at = entries.findIndex((entry) => this.#isDue(entry, time));
    const [entry] = at === -1 ? [] : entries.splice(at, 1);
    if (entry !== undefined) this.#sending.push(entry);
    return entry;
  }
}
