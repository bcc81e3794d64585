import { join } from "node:path";
import type { StreamName } from "../api/routes.js";
import { STREAMS } from "../api/routes.js";
import { type Line, LineReader } from "../store/line-reader.js";
import type { ByteRange } from "../store/line-writer.js";
import { segmentName } from "../store/paths.js";
import { parseRow } from "../store/rows.js";
import type { EntityStore } from "./entity-store.js";
import type { Session } from "./sessions.js";
import type { SyncLog } from "./sync-log.js";

/** A batch: the rows of a segment that are sent under one key. */
export interface BatchRange extends ByteRange {
  readonly session: Session;
}

/** A line of a segment, without its newline. */
export interface StoredLine {
  readonly start: number;
  readonly text: string;
}

const NO_CLAIMS: ReadonlyMap<number, number> = new Map();

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

  /** The first position from `from` on that is open and not claimed; infinite if only foreign rows follow. */
  nextOpen(from: number, claimed: ReadonlyMap<number, number> = NO_CLAIMS): number {
    const { sessions } = this.#log.state;
    for (let at = from; ; ) {
      const span = sessions.at(this.slot, this.stream, at)?.spans[this.stream];
      // After a truncation, what an earlier session recorded does not apply to rows that a later one wrote there.
      const limit = sessions.nextStart(this.slot, this.stream, at) ?? Number.POSITIVE_INFINITY;
      const next =
        span === undefined ? limit : (claimed.get(at) ?? span.rejected.get(at)?.end ?? span.acknowledged.firstGap(at));
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
    const limit = sessions.nextStart(this.slot, this.stream, start) ?? Number.POSITIVE_INFINITY;
    // A batch that a power loss has truncated ends where a later session starts; its remaining rows are sent one by one.
    if (batchEnd !== undefined && batchEnd <= limit)
      return batchEnd <= until ? { start, end: batchEnd, session } : undefined;
    const first = this.#reader.lineAt(start);
    return first !== undefined && isWhole(first) ? { start, end: first.end, session } : undefined;
  }

  /** The open lines between two positions. */
  *openLines(from: number, until = this.size): Generator<Line> {
    for (let at = this.nextOpen(from); at < until; at = this.nextOpen(at)) {
      const line = this.#reader.lineAt(at);
      if (line === undefined || !isWhole(line)) return;
      yield line;
      at = line.end;
    }
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
}

/** The segments of a run's streams, of all writer slots. */
export function segmentsOf(store: EntityStore, streams: readonly StreamName[] = STREAMS): Segment[] {
  if (store.kind === "experiment") return [];
  return store.log.state.sessions.slots.flatMap((slot) => streams.map((stream) => new Segment(store, stream, slot)));
}

/** Whether a line is a complete row: a last line without a newline may be torn or still being written. */
function isWhole({ bytes, isTerminated }: Line): boolean {
  return isTerminated || parseRow(bytes.toString()) !== undefined;
}
