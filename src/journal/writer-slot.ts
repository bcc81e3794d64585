import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { StreamName } from "../api/routes.js";
import type { ByteRange } from "../store/append-file.js";
import { sizeOf } from "../store/files.js";
import { makeSyncedFolder } from "../store/fsync.js";
import { LineWriter, type OnAppended } from "../store/line-writer.js";
import { segmentName } from "../store/paths.js";
import { acquireLock, isLock, type Lock } from "./lock.js";
import { letterOf, type Offsets } from "./sync-lines.js";
import type { SyncLog } from "./sync-log.js";

/** A process's writer slot in a folder: a number, and the files of that number, to which no other process appends. */
export class WriterSlot {
  readonly number: number;
  readonly #folder: string;
  readonly #log: SyncLog;
  readonly #lock: Lock;
  readonly #ops: LineWriter;
  readonly #streams = new Map<StreamName, LineWriter>();
  readonly #start: Offsets;
  #from: Offsets;
  #nonce = "";
  /** Whether rows may only be appended in a new session. */
  #mustRestart = false;

  private constructor(folder: string, log: SyncLog, number: number, lock: Lock) {
    this.number = number;
    this.#folder = folder;
    this.#log = log;
    this.#lock = lock;
    this.#ops = log.openOps(number);
    this.#start = endsOf(folder, number);
    this.#from = this.#start;
  }

  /** Acquires a free slot, never one before the last slot in use, and starts a session: later jobs have later files. */
  static acquire(folder: string, log: SyncLog, makesEntity: boolean): WriterSlot {
    makeSyncedFolder(log.folder, log.policy);
    for (let number = log.slots().at(-1) ?? 1; ; number += 1) {
      const lock = acquireLock(log.folder, writerLock(number));
      if (!isLock(lock)) continue;
      try {
        const slot = new WriterSlot(folder, log, number, lock);
        slot.#begin(makesEntity ? { made: true } : {});
        return slot;
      } catch (error) {
        lock.release();
        throw error;
      }
    }
  }

  /** Checks that this process still owns the slot and that its folder still exists. */
  checkHeld(): boolean {
    return this.#lock.checkHeld() && this.#ops.file.checkIntact();
  }

  /** Checks that no other client has written to a stream's file since this process did. */
  checkAlone(stream: StreamName, time: number): boolean {
    if (this.#mustRestart) return false;
    const writer = this.#streams.get(stream);
    if (writer !== undefined) return writer.isWriting || writer.file.checkIntact(time);
    return sizeOf(this.#pathOf(stream)) === this.#from[stream];
  }

  /** The range of this process's own rows in a stream; rows after it are foreign. */
  ownRows(stream: StreamName): ByteRange {
    return { start: this.#start[stream], end: this.#streams.get(stream)?.end ?? this.#from[stream] };
  }

  /** The path of a stream's file, if it was deleted or truncated while this process was writing it. */
  truncatedPath(stream: StreamName): string | undefined {
    const path = this.#pathOf(stream);
    return sizeOf(path) < this.ownRows(stream).end ? path : undefined;
  }

  /** Starts a new session after foreign rows. */
  restartSession(): void {
    // Rows of this tick belong to the former session.
    this.flush();
    const after = this.#ends();
    for (const [stream, writer] of this.#streams) {
      if (writer.isInCall) continue;
      writer.close();
      this.#streams.delete(stream);
    }
    this.#begin({ after });
  }

  /** Appends to the ops log. */
  appendOp(line: string): void {
    this.#ops.appendNow(line);
  }

  /** Appends a row to a stream. */
  append(stream: StreamName, line: string, appended: OnAppended): void {
    this.#writer(stream).append(line, appended);
  }

  /** Appends batches of rows to a stream, each a text of lines, all of them or none, after recording their boundaries. */
  appendBatches(stream: StreamName, texts: readonly string[]): Promise<ByteRange[]> {
    const letter = letterOf(stream);
    const note = (batches: readonly ByteRange[]): void => {
      const lines = batches.map(({ start, end }) =>
        JSON.stringify({ call: [letter, start, end], within: this.#nonce }),
      );
      this.appendOp(lines.join("\n"));
    };
    return this.#writer(stream).appendAll(texts, note, () => this.#revokeBoundaries());
  }

  /** Writes the rows that are queued until the end of the tick. */
  flush(): void {
    for (const writer of this.#streams.values()) writer.flush();
  }

  close(): void {
    try {
      this.#ops.close();
      for (const writer of this.#streams.values()) writer.close();
    } finally {
      this.#lock.release();
    }
  }

  /** Boundaries apply to the rows of their session only. Returns whether a new one has started. */
  #revokeBoundaries(): boolean {
    this.#mustRestart = true;
    try {
      this.#begin({ after: this.#ends() });
    } catch {
      // The next row starts it.
    }
    return !this.#mustRestart;
  }

  /** Where the rows of this process end. */
  #ends(): Offsets {
    const ends = { ...this.#from };
    for (const [stream, writer] of this.#streams) ends[stream] = writer.claimedEnd;
    return ends;
  }

  #pathOf(stream: StreamName): string {
    return join(this.#folder, segmentName(stream, this.number));
  }

  #writer(stream: StreamName): LineWriter {
    let writer = this.#streams.get(stream);
    if (writer === undefined) {
      writer = new LineWriter(this.#pathOf(stream), this.#log.policy);
      this.#streams.set(stream, writer);
    }
    return writer;
  }

  /** Each session has a new nonce: after a power loss has truncated a file, a new row must not get an old key. */
  #begin(circumstances: object): void {
    this.#log.refresh();
    const at = Math.max(Date.now() / 1000, (this.#log.state.sessions.last(this.number)?.at ?? 0) + 0.001);
    const from = endsOf(this.#folder, this.number);
    // A call that is being written continues in the former session.
    for (const [stream, writer] of this.#streams) from[stream] = Math.max(from[stream], writer.claimedEnd);
    this.#from = from;
    this.#nonce = randomUUID();
    this.appendOp(JSON.stringify({ session: this.#nonce, at, from, ...circumstances }));
    this.#ops.file.syncToDisk();
    // The next row's key is that of the new session.
    this.#log.refresh();
    this.#mustRestart = false;
  }
}

/** The name of a writer slot's lock. */
export function writerLock(slot: number): string {
  return `writer-${slot}`;
}

/** The sizes of a writer slot's segments. */
function endsOf(folder: string, slot: number): Offsets {
  const end = (stream: StreamName): number => sizeOf(join(folder, segmentName(stream, slot)));
  return {
    metrics: end("metrics"),
    evals: end("evals"),
    checkpoints: end("checkpoints"),
    predictions: end("predictions"),
  };
}
