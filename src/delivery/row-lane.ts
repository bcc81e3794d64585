import { join } from "node:path";
import type { EntityFolder } from "../mirror/entity.js";
import { type Line, LineReader } from "../mirror/line-reader.js";
import type { ByteRange } from "../mirror/line-writer.js";
import { segmentName } from "../mirror/paths.js";
import { parseRow, type Row } from "../mirror/rows.js";
import type { SyncLog } from "../mirror/sync-log.js";
import type { Session } from "../mirror/sync-state.js";
import type { StreamName } from "../operations.js";
import { Gate } from "./gate.js";

/** Lines of one file that go out under one key. */
export interface Stretch extends ByteRange {
  readonly session: Session;
}

/** A line as it stands in the file. */
export interface StoredLine {
  readonly start: number;
  readonly text: string;
  /** Undefined where the line is no JSON object. */
  readonly row: Row | undefined;
}

/**
 * The rows of one file that the backend does not have yet. The mirror itself is the queue: the lane walks the file, past
 * what is acknowledged, and remembers only what is in flight and what came back.
 */
export class RowLane {
  readonly stream: StreamName;
  readonly slot: number;
  readonly path: string;
  readonly gate: Gate;
  /** Whether this process is the file's writer. */
  readonly #isOwn: boolean;
  readonly #entity: Pick<EntityFolder, "ownRows">;
  readonly #log: SyncLog;
  readonly #reader: LineReader;
  /** In flight, or waiting for its turn: where each starts and ends. */
  readonly #claimed = new Map<number, number>();
  /** Came back without an answer: for the next pass. */
  #deferred: Stretch[] = [];
  /** Came back in an earlier pass: for this one. */
  #returned: Stretch[] = [];
  #position = 0;
  #seen = 0;

  constructor(entity: EntityFolder, stream: StreamName, slot: number, isOwn: boolean, concurrency: number) {
    this.stream = stream;
    this.slot = slot;
    this.gate = new Gate(concurrency);
    this.#isOwn = isOwn;
    this.#entity = entity;
    this.#log = entity.log;
    this.path = join(entity.path, segmentName(stream, slot));
    this.#reader = new LineReader(this.path);
  }

  /** Where the rows end that may be sent: of another writer's file, those that have been looked at. */
  get end(): number {
    return this.#isOwn ? this.#entity.ownRows(this.stream).end : this.#seen;
  }

  /** Whether there is anything to send that nobody is sending. */
  hasBacklog(): boolean {
    if (this.#deferred.length + this.#returned.length > 0) return true;
    const { end } = this;
    const start = this.#nextOpen(this.#position);
    return start < end && this.#stretchAt(start, end) !== undefined;
  }

  /** Begins a pass: what came back before may be sent again, each once. */
  startPass(): void {
    this.#returned.push(...this.#deferred.splice(0));
  }

  /** The next stretch before `until` that nobody is sending, claimed for the caller. */
  next(until: number, prefersFresh = false): Stretch | undefined {
    const stretch = prefersFresh ? (this.#fresh(until) ?? this.#comeBack()) : (this.#comeBack() ?? this.#fresh(until));
    if (stretch !== undefined) this.#claimed.set(stretch.start, stretch.end);
    return stretch;
  }

  /** Claims rows that a call has just appended and waits for. */
  claim({ start, end }: ByteRange): Stretch | undefined {
    const session = this.#log.state.sessionAt(this.slot, this.stream, start);
    if (session === undefined || this.#claimed.has(start) || start < this.#position) return undefined;
    this.#claimed.set(start, end);
    return { start, end, session };
  }

  /** Gives a stretch back: done with, to be sent again, or claimed in parts from now on. */
  giveBack(stretch: Stretch, isDone: boolean, parts: readonly Stretch[] = []): void {
    this.#claimed.delete(stretch.start);
    for (const { start, end } of parts) this.#claimed.set(start, end);
    if (!isDone && parts.length === 0) this.#deferred.push(stretch);
  }

  /** Puts rows that were refused back among those to be sent. */
  retryRefused(): number {
    let rows = 0;
    for (const session of this.#log.state.sessions.values()) {
      if (session.slot !== this.slot) continue;
      const { refused } = session.spans[this.stream];
      for (const [start, { end, rows: count }] of refused) {
        this.#deferred.push({ start, end, session });
        rows += count;
      }
      refused.clear();
    }
    return rows;
  }

  /** The rows of a stretch, as they stand in the file. */
  read({ start, end }: ByteRange): StoredLine[] {
    const rows: StoredLine[] = [];
    for (let at = start; at < end; ) {
      const line = this.#reader.lineAt(at);
      if (line === undefined) break;
      if (line.bytes.length > 0) rows.push(storedLine(at, line.bytes.toString()));
      at = line.end;
    }
    return rows;
  }

  /** Counts the whole lines that have come since the last look and are neither acknowledged nor refused. */
  look(): number {
    let rows = 0;
    for (const line of this.#openLines(this.#seen)) {
      if (line.bytes.length > 0) rows += 1;
      this.#seen = line.end;
    }
    return rows;
  }

  /**
   * How many lines of a stretch were never counted: of a file that was cut short, the last line was no row before its next
   * writer closed it.
   */
  uncounted({ start, end }: Stretch, lines: number): number {
    if (!this.#isOwn || start < this.#seen || start >= this.#entity.ownRows(this.stream).start) return 0;
    this.#seen = end;
    return lines;
  }

  /** The lines that are neither acknowledged nor refused, reading just these. */
  *pendingLines(): Generator<string> {
    for (const { bytes } of this.#openLines(0)) yield bytes.toString();
  }

  /** Gives the file back until it is needed again: a mirror may have more of them than a process may open. */
  rest(): void {
    if (!this.#isOwn) this.#reader.close();
  }

  close(): void {
    this.#reader.close();
  }

  *#openLines(from: number): Generator<Line> {
    const size = this.#isOwn ? this.end : this.#reader.size;
    for (let at = this.#nextOpen(from); at < size; at = this.#nextOpen(at)) {
      const line = this.#reader.lineAt(at);
      if (line === undefined || !isWhole(line)) break;
      yield line;
      at = line.end;
    }
    this.rest();
  }

  #comeBack(): Stretch | undefined {
    for (let stretch = this.#returned.shift(); stretch !== undefined; stretch = this.#returned.shift()) {
      if (this.#nextOpen(stretch.start) === stretch.start) return stretch;
    }
    return undefined;
  }

  #fresh(until: number): Stretch | undefined {
    const start = this.#nextOpen(this.#position);
    if (start >= until) return undefined;
    const stretch = this.#stretchAt(start, until);
    this.#position = stretch?.end ?? start;
    return stretch;
  }

  #stretchAt(start: number, until: number): Stretch | undefined {
    const session = this.#log.state.sessionAt(this.slot, this.stream, start);
    const first = this.#reader.lineAt(start);
    if (session === undefined || first === undefined || !isWhole(first)) return undefined;
    const agreed = session.spans[this.stream].batches.get(start);
    const limit = this.#log.state.nextSessionStart(this.slot, this.stream, start) ?? Number.POSITIVE_INFINITY;
    // A batch that a power cut has cut off ends where a later session begins: what is left of it goes out row by row.
    if (agreed !== undefined && agreed <= limit) return agreed <= until ? { start, end: agreed, session } : undefined;
    return { start, end: first.end, session };
  }

  /** The first place from here on that is neither done with, nor refused, nor claimed, nor another client's. */
  #nextOpen(from: number): number {
    const { state } = this.#log;
    for (let at = from; ; ) {
      const span = state.sessionAt(this.slot, this.stream, at)?.spans[this.stream];
      // What an earlier session knew of places beyond a cut says nothing of what a later one wrote there.
      const limit = state.nextSessionStart(this.slot, this.stream, at) ?? Number.POSITIVE_INFINITY;
      const next =
        span === undefined ? limit : (this.#claimed.get(at) ?? span.refused.get(at)?.end ?? span.done.firstGap(at));
      if (next === at || next === Number.POSITIVE_INFINITY) return next;
      at = Math.min(next, limit);
    }
  }
}

/** A line with the row in it. */
export function storedLine(start: number, text: string): StoredLine {
  return { start, text, row: parseRow(text) };
}

/** Whether a line is to be taken for a row: a last line without its newline may be cut short or still being written. */
function isWhole(line: { readonly bytes: Buffer; readonly isTerminated: boolean }): boolean {
  return line.isTerminated || parseRow(line.bytes.toString()) !== undefined;
}
