import { stepOfRow } from "../store/step-of-row.js";
import { TransientMap } from "../util/transient-map.js";
import type { BatchEntry } from "./entry.js";

/**
 * The metrics of one run that are not settled. A job that resumes a run logs steps again, and the backend keeps the value that
 * comes last: a row waits until earlier rows of its step and split are settled.
 */
export class UnsettledSteps {
  /** Whether calls may have to wait for the backlog. A sync has none. */
  readonly tracksBacklog: boolean;
  /** The entries that are in flight, awaited or requeued, by split and step. */
  readonly #entries = new TransientMap<string, BatchEntry[]>();
  /** The highest step of each split in the backlog, while there is one. */
  readonly #highest = new Map<string, number>();

  constructor(tracksBacklog: boolean) {
    this.tracksBacklog = tracksBacklog;
  }

  /** A row was claimed to be sent. */
  add(entry: BatchEntry, line: string): void {
    const row = stepOfRow(line);
    if (row === undefined) return;
    entry.step = `${row.split} ${row.step}`;
    const others = this.#entries.get(entry.step);
    if (others === undefined) this.#entries.set(entry.step, [entry]);
    else others.push(entry);
  }

  /** A row is settled, or is not to be sent for now. */
  remove(entry: BatchEntry): void {
    if (entry.step === undefined) return;
    const others = this.#entries.get(entry.step)?.filter((one) => one !== entry) ?? [];
    if (others.length === 0) this.#entries.delete(entry.step);
    else this.#entries.set(entry.step, others);
  }

  /** Whether an earlier row of the same step and split has to be sent first. */
  mustWait(entry: BatchEntry): boolean {
    if (entry.step === undefined) return false;
    const others = this.#entries.get(entry.step) ?? [];
    return others.length > 1 && others.some((other) => isEarlier(other, entry));
  }

  /** A row is in the backlog. */
  noteBacklog(line: string): void {
    const row = this.tracksBacklog ? stepOfRow(line) : undefined;
    if (row !== undefined && row.step > (this.#highest.get(row.split) ?? Number.NEGATIVE_INFINITY)) {
      this.#highest.set(row.split, row.step);
    }
  }

  /** Whether there was a backlog since it was last known to be empty. */
  get hasBacklog(): boolean {
    return this.#highest.size > 0;
  }

  /** The backlog is empty. */
  clearBacklog(): void {
    this.#highest.clear();
  }

  /** Whether the backlog may have a row of the same step and split. */
  mayRepeat(line: string): boolean {
    const row = stepOfRow(line);
    return row !== undefined && row.step <= (this.#highest.get(row.split) ?? Number.NEGATIVE_INFINITY);
  }
}

function isEarlier(one: BatchEntry, other: BatchEntry): boolean {
  return one.session.at < other.session.at || (one.session.at === other.session.at && one.start < other.start);
}
