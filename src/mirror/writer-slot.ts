import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { StreamName } from "../operations.js";
import { makeFolder, sizeOf } from "./files.js";
import { type ByteRange, LineWriter } from "./line-writer.js";
import { isLock, type Lock, takeLock } from "./lock.js";
import { segmentName } from "./paths.js";
import type { Offsets } from "./sync-lines.js";
import { SyncLog } from "./sync-log.js";

const STREAMS: readonly StreamName[] = ["metrics", "evals", "checkpoints", "predictions"];

/** A process's place in a folder: a number, and files of that number that nobody else appends to. */
export class WriterSlot {
  readonly number: number;
  readonly #folder: string;
  readonly #lock: Lock;
  readonly #ops: LineWriter;
  readonly #streams = new Map<StreamName, LineWriter>();

  private constructor(folder: string, log: SyncLog, number: number, lock: Lock) {
    this.number = number;
    this.#folder = folder;
    this.#lock = lock;
    this.#ops = log.openOps(number);
  }

  /** Takes the first free place. In a folder that another client made, the files without a number are that client's. */
  static take(folder: string, documentPath: string, log: SyncLog, makesEntity: boolean): WriterSlot {
    const isForeign = !SyncLog.existsIn(folder) && hasFiles(folder, documentPath);
    makeFolder(log.folder);
    const [first = 1] = log.slots();
    for (let number = isForeign || first > 1 ? 2 : 1; ; number += 1) {
      const lock = takeLock(log.folder, `writer-${number}`);
      if (!isLock(lock)) continue;
      const slot = new WriterSlot(folder, log, number, lock);
      slot.#beginSession(makesEntity);
      return slot;
    }
  }

  /** Whether the place is still this process's, and its files still those of their names, as long as it left them. */
  get isIntact(): boolean {
    return this.#lock.isHeld() && this.#ops.isIntact && [...this.#streams.values()].every((writer) => writer.isIntact);
  }

  /** Appends to the ops log. */
  note(line: string): void {
    this.#ops.appendNow(line);
  }

  /** Appends a row to a stream. */
  append(stream: StreamName, line: string): Promise<ByteRange> {
    let writer = this.#streams.get(stream);
    if (writer === undefined) {
      writer = new LineWriter(join(this.#folder, segmentName(stream, this.number)));
      this.#streams.set(stream, writer);
    }
    return writer.append(line);
  }

  close(): void {
    this.#ops.close();
    for (const writer of this.#streams.values()) writer.close();
    this.#lock.release();
  }

  /** A new nonce for each stretch of writing: were a file cut by a power cut, no old key would fit a new row. */
  #beginSession(makesEntity: boolean): void {
    const session = { session: randomUUID(), at: Date.now() / 1000, from: endsOf(this.#folder, this.number) };
    this.note(JSON.stringify(makesEntity ? { ...session, made: true } : session));
    this.#ops.syncToDisk();
  }
}

/** Where the files of a writer end. */
export function endsOf(folder: string, slot: number): Offsets {
  const end = (stream: StreamName): number => sizeOf(join(folder, segmentName(stream, slot)));
  return {
    metrics: end("metrics"),
    evals: end("evals"),
    checkpoints: end("checkpoints"),
    predictions: end("predictions"),
  };
}

function hasFiles(folder: string, documentPath: string): boolean {
  return existsSync(documentPath) || STREAMS.some((stream) => existsSync(join(folder, segmentName(stream, 1))));
}
