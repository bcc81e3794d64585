/** A stretch of a file that is done with, and what it holds. */
export interface Interval {
  start: number;
  end: number;
  /** How many rows of it the backend has. */
  delivered: number;
  /** How many of its lines are not for sending. */
  skipped: number;
}

/**
 * The stretches of a file that are done with. Answers come out of order, so a prefix alone would forget some of them;
 * as gaps close, the stretches grow into one.
 */
export class Intervals {
  readonly #list: Interval[] = [];

  /** Ordered by place, apart from each other. */
  get list(): readonly Readonly<Interval>[] {
    return this.#list;
  }

  add(start: number, end: number, delivered: number, skipped: number): void {
    let at = this.#list.length;
    while (at > 0 && (this.#list[at - 1]?.start ?? 0) > start) at -= 1;
    const before = this.#list[at - 1];
    if (before !== undefined && before.end > start) return;
    const after = this.#list[at];
    if (before?.end === start) {
      grow(before, end, delivered, skipped);
      if (after?.start !== before.end) return;
      grow(before, after.end, after.delivered, after.skipped);
      this.#list.splice(at, 1);
    } else if (after?.start === end) {
      after.start = start;
      grow(after, after.end, delivered, skipped);
    } else {
      this.#list.splice(at, 0, { start, end, delivered, skipped });
    }
  }

  /** The first place from here on that is in no stretch. */
  firstGap(from: number): number {
    const around = this.#list.find((interval) => interval.start <= from && from < interval.end);
    return around?.end ?? from;
  }
}

function grow(interval: Interval, end: number, delivered: number, skipped: number): void {
  interval.end = end;
  interval.delivered += delivered;
  interval.skipped += skipped;
}
