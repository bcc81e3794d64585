import type { StreamName } from "../api/routes.js";
import { countUpTo, Intervals } from "./intervals.js";
import type { KnownSessionLine, Offsets, Refusal } from "./sync-lines.js";

/** Rows that the backend rejected. */
export interface RefusedRows {
  readonly end: number;
  readonly rows: number;
  readonly refusal: Refusal;
}

/** What is known of the rows that one session appended to one stream. */
export interface Span {
  readonly done: Intervals;
  /** By their start. */
  readonly refused: Map<number, RefusedRows>;
  /** Where a batch that starts here ends. */
  readonly batches: Map<number, number>;
}

/** What one writer appended from one opening of its files on. */
export interface Session {
  readonly nonce: string;
  readonly slot: number;
  /** When it began, in seconds since the epoch; later than all before it in its slot. */
  readonly at: number;
  readonly from: Offsets;
  /** Where it ended, if that is known; otherwise a session ends where the next one of its slot begins. */
  until?: Offsets | undefined;
  readonly spans: Readonly<Record<StreamName, Span>>;
}

export interface Boundary {
  readonly start: number;
  readonly session: Session;
}

/** Finds the session of a place in a file, however many sessions there are. */
export class Sessions {
  /** By nonce, in the order they were read. */
  readonly byNonce = new Map<string, Session>();
  readonly #boundaries = new Map<string, Boundary[]>();
  readonly #lastOf = new Map<number, Session>();

  /** The slots that have a session. */
  get slots(): number[] {
    return [...this.#lastOf.keys()];
  }

  add({ session: nonce, slot, at, from, until }: Omit<KnownSessionLine, "ordinal">): Session {
    const known = this.byNonce.get(nonce);
    if (known !== undefined) return known;
    const spans = { metrics: emptySpan(), evals: emptySpan(), checkpoints: emptySpan(), predictions: emptySpan() };
    const session = { nonce, slot, at, from, until, spans };
    this.byNonce.set(nonce, session);
    this.#boundaries.clear();
    const last = this.#lastOf.get(slot);
    if (last === undefined || at >= last.at) this.#lastOf.set(slot, session);
    return session;
  }

  /** The last session of a slot to begin before a time. */
  last(slot: number, before = Number.POSITIVE_INFINITY): Session | undefined {
    const last = this.#lastOf.get(slot);
    if (last === undefined || last.at < before) return last;
    return this.#ofSlot(slot).findLast(({ at }) => at < before);
  }

  /** The session that wrote the byte at a place of a file. */
  at(slot: number, stream: StreamName, position: number): Session | undefined {
    const boundaries = this.#boundariesOf(slot, stream);
    const { session } = boundaries[countUpTo(boundaries, position) - 1] ?? {};
    const until = session?.until?.[stream];
    return until !== undefined && position >= until ? undefined : session;
  }

  /** Where the next session after a place begins. */
  nextStart(slot: number, stream: StreamName, position: number): number | undefined {
    const boundaries = this.#boundariesOf(slot, stream);
    return boundaries[countUpTo(boundaries, position)]?.start;
  }

  /** Where sessions begin in a file, in order. */
  startsIn(slot: number, stream: StreamName): readonly Boundary[] {
    return this.#boundariesOf(slot, stream);
  }

  /** Where ranges begin that no session wrote, in a file of so many bytes. */
  unclaimedStarts(slot: number, stream: StreamName, sizeBytes: number): number[] {
    const ends = this.#ofSlot(slot).flatMap(({ until }) => until?.[stream] ?? []);
    const edges = new Set([0, ...ends]);
    return [...edges].filter((at) => at < sizeBytes && this.at(slot, stream, at) === undefined).sort((a, b) => a - b);
  }

  #ofSlot(slot: number): Session[] {
    return [...this.byNonce.values()].filter((session) => session.slot === slot).sort((a, b) => a.at - b.at);
  }

  /**
   * Where sessions begin in a file, in order. A later session takes everything from its start on: a file that was cut was
   * shorter then. A session with an end, which was adopted, takes no more than its range.
   */
  #boundariesOf(slot: number, stream: StreamName): readonly Boundary[] {
    const key = `${stream} ${slot}`;
    const known = this.#boundaries.get(key);
    if (known !== undefined) return known;
    const adopted: Boundary[] = [];
    const boundaries: Boundary[] = [];
    for (const session of this.#ofSlot(slot)) {
      const start = session.from[stream];
      if (isAdopted(session)) {
        if (start < (session.until?.[stream] ?? 0)) adopted.push({ start, session });
        continue;
      }
      while ((boundaries.at(-1)?.start ?? -1) >= start) boundaries.pop();
      boundaries.push({ start, session });
    }
    const merged = [...boundaries, ...adopted].sort((a, b) => a.start - b.start);
    this.#boundaries.set(key, merged);
    return merged;
  }
}

/** The nonce of a session that was adopted is a hash of its rows. */
function isAdopted({ nonce }: Session): boolean {
  return nonce.startsWith("adopted-");
}

function emptySpan(): Span {
  return { done: new Intervals(), refused: new Map(), batches: new Map() };
}
