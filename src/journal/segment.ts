import { join } from "node:path";
import type { StreamName } from "../api/routes.js";
import { STREAMS } from "../api/routes.js";
import type { ByteRange } from "../store/append-file.js";
import { type Line, LineReader } from "../store/line-reader.js";
import { segmentName } from "../store/paths.js";
import { isRow } from "../store/rows.js";
import type { EntityStore } from "./entity-store.js";
import { ownerOf } from "./lock.js";
import type { Session } from "./sessions.js";
import type { SyncLog } from "./sync-log.js";
import { writerLock } from "./writer-slot.js";

/** A batch: the rows of a segment that are sent under one key. */
export interface BatchRange extends ByteRange {
  readonly session: Session;
}

/** A line of a segment, without its newline. */
export interface StoredLine {
  readonly start: number;
  readonly text: string;
}

/** The last part of each file that was counted, by path, for a count that goes on from there. */
export type CountedLines = Map<string, { readonly start: number; readonly end: number; readonly lines: number }>;

/** The batches that are being sent, by their start. */
type Claims = Pick<ReadonlyMap<number, ByteRange>, "get">;
const NO_CLAIMS: Claims = new Map();

/** One file of a stream. Its open lines are those that are neither acknowledged nor rejected. */
export class Segment {
  readonly stream: StreamName;
  readonly slot: number;
  readonly path: string;
  readonly #log: SyncLog;
  readonly #reader: LineReader;

  constructor({ path, log }: EntityStore, stream: StreamName, slot: number) {
    this.stream = stream;
    this.slot = slot;
    this.path = join(path, segmentName(stream, slot));
    this.#log = log;
    this.#reader = new LineReader(this.path);
  }

  /** The current size of the file in bytes. */
  get size(): number {
    return this.#reader.size;
  }

  /**
   * The end of the rows that may be read. Those of a call that another process is still writing are excluded: it removes
   * them if it cannot write all of them.
   */
  get writtenEnd(): number {
    const { size } = this;
    if (this.stream !== "predictions") return size;
    // A call's boundaries are recorded before its rows are written: those of all rows in the file are in the log now.
    this.#log.refresh();
    const { lastCalls } = this.#log.state.sessions.last(this.slot)?.spans.predictions ?? {};
    const isComplete = lastCalls === undefined || lastCalls.end <= size;
    return isComplete || ownerOf(this.#log.folder, writerLock(this.slot)) === undefined ? size : lastCalls.start;
  }

  /** The first position from `from` on that is open and not claimed; infinite if only foreign rows follow. */
  nextOpen(from: number, claimed: Claims = NO_CLAIMS): number {
    const { sessions } = this.#log.state;
    for (let at = from; ; ) {
      const span = sessions.at(this.slot, this.stream, at)?.spans[this.stream];
      // After a truncation, what an earlier session recorded does not apply to rows that a later one wrote there.
      const limit = sessions.nextStart(this.slot, this.stream, at);
      const next =
        span === undefined
          ? limit
          : (claimed.get(at)?.end ?? span.rejected.get(at)?.end ?? span.acknowledged.firstGap(at));
      if (next === at || next === Number.POSITIVE_INFINITY) return next;
      at = Math.min(next, limit);
    }
  }

  /** The batch that starts at a position; undefined if it is not complete before `until`. */
  batchAt(start: number, until: number): BatchRange | undefined {
    const { sessions } = this.#log.state;
    const session = sessions.at(this.slot, this.stream, start);
    if (session === undefined) return undefined;
    const batchEnd = session.spans[this.stream].batches.get(start);
    const limit = sessions.nextStart(this.slot, this.stream, start);
    if (batchEnd !== undefined && batchEnd <= until && batchEnd <= limit) return { start, end: batchEnd, session };
    // The rows that remain of a batch that a kill or a power loss has cut short are sent one by one.
    if (batchEnd !== undefined && batchEnd <= Math.min(this.size, limit)) return undefined;
    const first = this.#reader.lineAt(start);
    return first !== undefined && isRow(first) ? { start, end: first.end, session } : undefined;
  }

  /** The open lines between two positions. */
  *openLines(from: number, until = this.size): Generator<Line> {
    for (let at = this.nextOpen(from); at < until; at = this.nextOpen(at)) {
      const line = this.#reader.lineAt(at);
      if (line === undefined || !isRow(line)) return;
      yield line;
      at = line.end;
    }
  }

  /** How many open rows the file has up to a place. Only the parts that hold such rows are read. */
  countOpen(until = this.size, counted: CountedLines = new Map()): number {
    let rows = 0;
    for (let start = this.nextOpen(0); start < until; ) {
      const end = Math.min(until, this.#openUntil(start));
      const last = counted.get(this.path);
      const known = last?.start === start && last.end <= end ? last : { end: start, lines: 0 };
      const { lines, restAt } = this.#reader.countLines(known.end, end);
      counted.set(this.path, { start, end: restAt ?? end, lines: known.lines + lines });
      const rest = restAt === undefined ? undefined : this.#reader.lineAt(restAt);
      rows += known.lines + lines + (rest !== undefined && isRow(rest) ? 1 : 0);
      start = this.nextOpen(end);
    }
    return rows;
  }

  /** The lines of a range. */
  read({ start, end }: ByteRange): StoredLine[] {
    const lines: StoredLine[] = [];
    for (let at = start; at < end; ) {
      const line = this.#reader.lineAt(at);
      if (line === undefined) break;
      if (line.bytes.length > 0) lines.push({ start: at, text: line.bytes.toString() });
      at = line.end;
    }
    return lines;
  }

  close(): void {
    this.#reader.close();
  }

  /** The end of the open range that starts at a position. */
  #openUntil(start: number): number {
    const { sessions } = this.#log.state;
    const session = sessions.at(this.slot, this.stream, start);
    let end = sessions.nextStart(this.slot, this.stream, start);
    if (session === undefined) return end;
    const { acknowledged, rejected } = session.spans[this.stream];
    end = Math.min(end, session.until?.[this.stream] ?? end, acknowledged.nextStart(start));
    for (const at of rejected.keys()) if (at > start && at < end) end = at;
    return end;
  }
}

/** The segments of a run's streams, of all writer slots. */
export function segmentsOf(store: EntityStore, streams: readonly StreamName[] = STREAMS): Segment[] {
  if (store.kind === "experiment") return [];
  return store.log.state.sessions.slots.flatMap((slot) => streams.map((stream) => new Segment(store, stream, slot)));
}
