/** A settled range of a file. */
export interface Interval {
  start: number;
  end: number;
  /** How many of its rows were delivered. */
  delivered: number;
  /** How many of its lines are not sent. */
  skipped: number;
}

/**
 * The settled ranges of a file. Responses arrive out of order, so a prefix would not be enough. Adjacent ranges are
 * merged.
 */
export class Intervals {
  readonly #list: Interval[] = [];

  /** In order of position, none of them adjacent. */
  get list(): readonly Readonly<Interval>[] {
    return this.#list;
  }

  add(start: number, end: number, delivered: number, skipped: number): void {
    const at = countUpTo(this.#list, start);
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

  /** The first position from `from` on that is in no range. */
  firstGap(from: number): number {
    const around = this.#list[countUpTo(this.#list, from) - 1];
    return around !== undefined && from < around.end ? around.end : from;
  }

  /** Where the first range after a place begins; infinite where there is none. */
  nextStart(from: number): number {
    return this.#list[countUpTo(this.#list, from)]?.start ?? Number.POSITIVE_INFINITY;
  }
}

/** How many items of an ordered list start at or before a position. Binary search; most calls ask for the end. */
export function countUpTo(list: readonly { readonly start: number }[], place: number): number {
  let low = 0;
  let high = list.length;
  if (high > 0 && (list[high - 1]?.start ?? 0) <= place) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle]?.start ?? 0) <= place) low = middle + 1;
    else high = middle;
  }
  return low;
}

function grow(interval: Interval, end: number, delivered: number, skipped: number): void {
  interval.end = end;
  interval.delivered += delivered;
  interval.skipped += skipped;
}
