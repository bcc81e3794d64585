import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { StreamName } from "../api/routes.js";
import { sizeOf } from "../store/files.js";
import { makeFolderKnown } from "../store/fsync.js";
import { type Appended, type ByteRange, LineWriter } from "../store/line-writer.js";
import { segmentName } from "../store/paths.js";
import { isLock, type Lock, takeLock } from "./lock.js";
import { letterOf, type Offsets } from "./sync-lines.js";
import type { SyncLog } from "./sync-log.js";

/** A process's place in a folder: a number, and files of that number that nobody else appends to. */
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

  private constructor(folder: string, log: SyncLog, number: number, lock: Lock) {
    this.number = number;
    this.#folder = folder;
    this.#log = log;
    this.#lock = lock;
    this.#ops = log.openOps(number);
    this.#start = endsOf(folder, number);
    this.#from = this.#start;
  }

  /** Takes the first free place. */
  static take(folder: string, log: SyncLog, makesEntity: boolean): WriterSlot {
    makeFolderKnown(log.folder, log.policy);
    for (let number = 1; ; number += 1) {
      const lock = takeLock(log.folder, writerLock(number));
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

  /** Whether the place is still this process's and its folder still there. */
  checkHeld(): boolean {
    return this.#lock.isHeld() && this.#ops.checkIntact();
  }

  /** Whether nobody else has written to a stream's file since this process did: another client's rows are not ours to send. */
  checkAlone(stream: StreamName): boolean {
    const writer = this.#streams.get(stream);
    if (writer !== undefined) return writer.isWriting || writer.checkIntact();
    return sizeOf(join(this.#folder, segmentName(stream, this.number))) === this.#from[stream];
  }

  /** Where this process's own rows of a stream end: what follows is another client's. */
  endOf(stream: StreamName): number {
    return this.#streams.get(stream)?.end ?? this.#from[stream];
  }

  /** Where this process's own rows of a stream begin. */
  startOf(stream: StreamName): number {
    return this.#start[stream];
  }

  /** Begins a new session after another client's rows. */
  stepOver(): void {
    const after = { ...this.#from };
    for (const [stream, writer] of this.#streams) {
      after[stream] = writer.end;
      writer.close();
    }
    this.#streams.clear();
    this.#begin({ after });
  }

  /** Appends to the ops log. */
  note(line: string): void {
    this.#ops.appendNow(line);
  }

  /** Appends a row to a stream. */
  append(stream: StreamName, line: string, appended: Appended): void {
    this.#writer(stream).append(line, appended);
  }

  /** Appends batches of rows to a stream, each a text of lines, all of them or none, and notes which rows go out together. */
  appendBatches(stream: StreamName, texts: readonly string[]): Promise<ByteRange[]> {
    const letter = letterOf(stream);
    return this.#writer(stream).appendAll(texts, (batches) => {
      const lines = batches.map(({ start, end }) =>
        JSON.stringify({ call: [letter, start, end], within: this.#nonce }),
      );
      this.note(lines.join("\n"));
    });
  }

  /** Writes the rows that wait for the end of the tick. */
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

  #writer(stream: StreamName): LineWriter {
    let writer = this.#streams.get(stream);
    if (writer === undefined) {
      writer = new LineWriter(join(this.#folder, segmentName(stream, this.number)), this.#log.policy);
      this.#streams.set(stream, writer);
    }
    return writer;
  }

  /** A new nonce for each session: after a power cut that cut a file, no old key may fit a new row. */
  #begin(circumstances: object): void {
    this.#log.refresh();
    const at = Math.max(Date.now() / 1000, (this.#log.state.sessions.last(this.number)?.at ?? 0) + 0.001);
    const from = endsOf(this.#folder, this.number);
    this.#from = from;
    this.#nonce = randomUUID();
    this.note(JSON.stringify({ session: this.#nonce, at, from, ...circumstances }));
    this.#ops.syncToDisk();
  }
}

/** The lock of a place. */
export function writerLock(slot: number): string {
  return `writer-${slot}`;
}

/** Where the files of a writer end. */
function endsOf(folder: string, slot: number): Offsets {
  const end = (stream: StreamName): number => sizeOf(join(folder, segmentName(stream, slot)));
  return {
    metrics: end("metrics"),
    evals: end("evals"),
    checkpoints: end("checkpoints"),
    predictions: end("predictions"),
  };
}
