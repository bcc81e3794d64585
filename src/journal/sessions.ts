import type { StreamName } from "../api/routes.js";
import type { ByteRange } from "../store/append-file.js";
import { countUpTo, Intervals } from "./intervals.js";
import type { NamedSessionLine, Offsets, Rejection } from "./sync-lines.js";

/** A batch that the backend rejected. */
export interface RejectedRows {
  readonly end: number;
  readonly rows: number;
  readonly rejection: Rejection;
}

/** The delivery state of the rows that one session appended to one stream. */
export interface Span {
  readonly acknowledged: Intervals;
  /** By start position. */
  readonly rejected: Map<number, RejectedRows>;
  /** The end of each batch by its start. */
  readonly batches: Map<number, number>;
  /** The range of the last calls that lie one after the other. It is recorded before the rows of the last one are written. */
  lastCalls: ByteRange;
}

/** The rows that one writer appended after opening its files. */
export interface Session {
  readonly nonce: string;
  readonly slot: number;
  /** When it started, in seconds since the epoch; later than all earlier sessions of its slot. */
  readonly at: number;
  readonly from: Offsets;
  /** Where it ended, if known; otherwise it ends where the next session of its slot starts. */
  until?: Offsets | undefined;
  readonly spans: Readonly<Record<StreamName, Span>>;
}

export interface Boundary {
  readonly start: number;
  readonly session: Session;
}

/** Finds the session of a position in a segment, efficiently for any number of sessions. */
export class Sessions {
  /** By nonce, in the order in which they were read. */
  readonly byNonce = new Map<string, Session>();
  readonly #boundaries = new Map<string, Boundary[]>();
  readonly #lastOf = new Map<number, Session>();

  /** The writer slots that have a session. */
  get slots(): number[] {
    return [...this.#lastOf.keys()];
  }

  add({ session: nonce, slot, at, from, until }: Omit<NamedSessionLine, "ordinal">): Session {
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

  /** The last session of a slot that started before a time. */
  last(slot: number, before = Number.POSITIVE_INFINITY): Session | undefined {
    const last = this.#lastOf.get(slot);
    if (last === undefined || last.at < before) return last;
    return this.#ofSlot(slot).findLast(({ at }) => at < before);
  }

  /** The session that wrote the byte at a position of a segment. */
  at(slot: number, stream: StreamName, position: number): Session | undefined {
    const boundaries = this.startsIn(slot, stream);
    const { session } = boundaries[countUpTo(boundaries, position) - 1] ?? {};
    const until = session?.until?.[stream];
    return until !== undefined && position >= until ? undefined : session;
  }

  /** Where the next session after a position starts; infinite if there is none. */
  nextStart(slot: number, stream: StreamName, position: number): number {
    const boundaries = this.startsIn(slot, stream);
    return boundaries[countUpTo(boundaries, position)]?.start ?? Number.POSITIVE_INFINITY;
  }

  /** The starts of the ranges that no session wrote, in a segment of a size. */
  unclaimedStarts(slot: number, stream: StreamName, sizeBytes: number): number[] {
    const ends = this.#ofSlot(slot).flatMap(({ until }) => until?.[stream] ?? []);
    const edges = new Set([0, ...ends]);
    return [...edges].filter((at) => at < sizeBytes && this.at(slot, stream, at) === undefined).sort((a, b) => a - b);
  }

  /**
   * The starts of the sessions in a segment, in order. A later session owns everything from its start on, because the file
   * may have been truncated. An adopted session has an end and owns only its range.
   */
  startsIn(slot: number, stream: StreamName): readonly Boundary[] {
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

  #ofSlot(slot: number): Session[] {
    return [...this.byNonce.values()].filter((session) => session.slot === slot).sort((a, b) => a.at - b.at);
  }
}

/** The nonce of an adopted session is a hash of its rows. */
function isAdopted({ nonce }: Session): boolean {
  return nonce.startsWith("adopted-");
}

function emptySpan(): Span {
  return { acknowledged: new Intervals(), rejected: new Map(), batches: new Map(), lastCalls: { start: 0, end: 0 } };
}
