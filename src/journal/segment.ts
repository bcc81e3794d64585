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

/** Lines of one file that go out under one key. */
export interface BatchRange extends ByteRange {
  readonly session: Session;
}

/** A line of the file, without its newline. */
export interface StoredLine {
  readonly start: number;
  readonly text: string;
}

/** What is being sent of a file, by its start. */
type Claims = ReadonlyMap<number, ByteRange>;
const NO_CLAIMS: Claims = new Map();

/** One file of a stream, and which of its lines are neither acknowledged nor rejected: the open ones. */
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

  /** How many bytes the file has now. */
  get size(): number {
    return this.#reader.size;
  }

  /** The first place from here on that is open and not claimed; infinite if the rest of the file is another client's. */
  nextOpen(from: number, claimed: Claims = NO_CLAIMS): number {
    const { sessions } = this.#log.state;
    for (let at = from; ; ) {
      const span = sessions.at(this.slot, this.stream, at)?.spans[this.stream];
      // What an earlier session knew of places beyond a cut says nothing of what a later one wrote there.
      const limit = sessions.nextStart(this.slot, this.stream, at) ?? Number.POSITIVE_INFINITY;
      const next =
        span === undefined ? limit : (claimed.get(at)?.end ?? span.refused.get(at)?.end ?? span.done.firstGap(at));
      if (next === at || next === Number.POSITIVE_INFINITY) return next;
      at = Math.min(next, limit);
    }
  }

  /** The rows that go out together from a place on; undefined if they are not all on the file before `until`. */
  batchAt(start: number, until: number): BatchRange | undefined {
    const { sessions } = this.#log.state;
    const session = sessions.at(this.slot, this.stream, start);
    if (session === undefined) return undefined;
    const agreed = session.spans[this.stream].batches.get(start);
    const limit = sessions.nextStart(this.slot, this.stream, start) ?? Number.POSITIVE_INFINITY;
    // A batch that a power cut has cut off ends where a later session begins: what is left of it goes out row by row.
    if (agreed !== undefined && agreed <= limit) return agreed <= until ? { start, end: agreed, session } : undefined;
    const first = this.#reader.lineAt(start);
    return first !== undefined && isWhole(first) ? { start, end: first.end, session } : undefined;
  }

  /** The open lines between two places. */
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

/** The segments of all writers for some streams of a run. */
export function segmentsOf(store: EntityStore, streams: readonly StreamName[] = STREAMS): Segment[] {
  if (store.kind === "experiment") return [];
  return store.log.state.sessions.slots.flatMap((slot) => streams.map((stream) => new Segment(store, stream, slot)));
}

/** Whether a line counts as a row: a last line without its newline may be cut short or still being written. */
function isWhole({ bytes, isTerminated }: Line): boolean {
  return isTerminated || parseRow(bytes.toString()) !== undefined;
}
