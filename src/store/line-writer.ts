import { constants, fstatSync, ftruncateSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { MirrorError } from "../errors.js";
import { now } from "../util/clock.js";
import { codeOf } from "../util/thrown.js";
import { addToPool, closeDescriptor, openFile, type PooledFile } from "./descriptor-pool.js";
import { isMissing, wrapFsError } from "./files.js";
import {
  type DiskPolicy,
  forget,
  makeSyncedFolder,
  NO_FSYNC,
  syncFolder,
  syncToDisk,
  syncToDiskSoon,
  syncWithin,
} from "./fsync.js";
import { NO_FOLLOW } from "./links.js";

const { O_APPEND, O_CREAT, O_RDWR } = constants;
const FLAGS = O_APPEND | O_RDWR | NO_FOLLOW;
const NEWLINE = 0x0a;
const CHECK_EVERY_MS = 1;
const MAX_STALL_MS = 10;
const WRITTEN = Promise.resolve();

/** The position of a line in its file, in bytes. The end is after the newline, where the next line starts. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Called once, with the range of the line or with the error because of which it was not appended. */
export type OnAppended = (start: number, end: number, error?: MirrorError) => void;

interface QueuedLine {
  readonly line: string;
  readonly appended: OnAppended;
}

/**
 * Appends lines to a file that has no other writer. A line that is reported as appended has been written completely and
 * survives a kill. A line that a power loss or a full disk has torn is never joined with the next one.
 */
export class LineWriter implements PooledFile {
  readonly path: string;
  wasUsed = true;
  readonly #policy: DiskPolicy;
  #descriptor: number | undefined;
  #syncError: unknown;
  #size = 0;
  #endsInsideLine = false;
  #queue: QueuedLine[] = [];
  #foundIntactAt = Number.NEGATIVE_INFINITY;
  /** The start of the lines that `appendAll` is writing in several turns of the event loop. */
  #callStart: number | undefined;

  /** @throws MirrorError if the file cannot be opened. */
  constructor(path: string, policy = NO_FSYNC) {
    this.path = path;
    this.#policy = policy;
    makeSyncedFolder(dirname(path), policy);
    const descriptor = this.#open(FLAGS | O_CREAT);
    this.#size = wrapFsError("inspect the file", path, () => fstatSync(descriptor).size);
    if (this.#size === 0) syncFolder(dirname(path), policy);
    this.#endsInsideLine = !endsWithNewline(descriptor, this.#size);
  }

  /** Where the next line starts; lines beyond it belong to an unfinished `appendAll`. */
  get end(): number {
    return this.#callStart ?? this.#size + (this.#endsInsideLine ? 1 : 0);
  }

  /** Whether lines are waiting to be written. */
  get isWriting(): boolean {
    return this.#queue.length > 0 || this.#callStart !== undefined;
  }

  /**
   * Checks that the file still exists and has the expected size: it may be deleted or truncated under an open descriptor.
   * Checks at most once per millisecond, because a check costs as much as a row.
   */
  checkIntact(): boolean {
    const time = now();
    if (time - this.#foundIntactAt < CHECK_EVERY_MS) return true;
    try {
      const descriptor = this.#opened();
      const { nlink, size } = wrapFsError("inspect the file", this.path, () => fstatSync(descriptor));
      if (nlink === 0 || size !== this.#size) return false;
    } catch (error) {
      if (isMissing(error) || (error instanceof MirrorError && isMissing(error.cause))) return false;
      throw error;
    }
    this.#foundIntactAt = time;
    return true;
  }

  /** Appends a line, passed without its newline. The lines of one tick are written together at the end of the tick. */
  append(line: string, appended: OnAppended): void {
    // A promise, because a test runner's fake timers replace queueMicrotask.
    if (!this.isWriting) WRITTEN.then(this.#writeLater);
    this.#queue.push({ line, appended });
  }

  /**
   * Appends texts of whole lines, all of them or none, and yields to the event loop in between. Later lines wait. `note` is
   * called with their ranges before anyone can see them; if it throws, none of them is appended.
   * @throws MirrorError if they cannot be appended.
   */
  async appendAll(texts: readonly string[], note: (ranges: readonly ByteRange[]) => void): Promise<ByteRange[]> {
    while (this.#callStart !== undefined) await nextTurn();
    this.flush();
    const start = this.end;
    const ranges: ByteRange[] = [];
    try {
      for (let turnedAt = now(), at = 0; at < texts.length; at += 1) {
        if (now() - turnedAt > MAX_STALL_MS) {
          this.#callStart = start;
          await nextTurn();
          turnedAt = now();
        }
        const { error, ...range } = this.#write(`${texts[at]}\n`);
        if (error !== undefined) throw this.#failure(error);
        ranges.push(range);
      }
      note(ranges);
    } catch (error) {
      this.#truncate(start);
      throw error;
    } finally {
      this.#callStart = undefined;
      this.flush();
    }
    return ranges;
  }

  /**
   * Appends one line immediately.
   * @throws MirrorError if it cannot be appended.
   */
  appendNow(line: string): ByteRange {
    this.flush();
    const { start, end, error } = this.#write(`${line}\n`);
    if (error === undefined) return { start, end };
    this.#truncate(start);
    throw this.#failure(error);
  }

  /** Syncs the appended lines to disk. */
  syncToDisk(): void {
    syncToDisk(this.#opened(), this.path, this.#policy);
  }

  /** Syncs the appended lines to disk without waiting. If that fails, the next append fails. */
  syncSoon(): void {
    if (this.#descriptor === undefined) return;
    syncToDiskSoon(this.#descriptor, this.path, this.#policy, (error) => {
      this.#syncError = error;
    });
  }

  /** Writes the lines that wait for the end of the tick. */
  flush(): void {
    if (this.#queue.length === 0 || this.#callStart !== undefined) return;
    const queue = this.#queue;
    this.#queue = [];
    const { start, end, error } = this.#write(textOf(queue));
    if (queue.length === 1 && error === undefined) {
      queue[0]?.appended(start, end);
      return;
    }
    let last = start;
    const ranges = queue.map(({ line, appended }) => {
      const range = { start: last, end: last + Buffer.byteLength(line) + 1, appended };
      last = range.end;
      return range;
    });
    // A row whose call fails must not be sent later: its bytes are removed before any call learns of its own row.
    const failed = ranges.find((range) => range.end > end);
    if (failed !== undefined) this.#truncate(failed.start);
    for (const range of ranges) {
      if (range.end > end) range.appended(range.start, range.start, this.#failure(error));
      else range.appended(range.start, range.end);
    }
  }

  close(): void {
    this.flush();
    this.releaseDescriptor();
  }

  releaseDescriptor(): void {
    if (this.#descriptor === undefined) return;
    if (this.#policy.fsync === "interval") {
      forget(this);
      this.syncToDisk();
    }
    closeDescriptor(this, this.#descriptor);
    this.#descriptor = undefined;
  }

  readonly #writeLater = (): void => this.flush();

  #opened(): number {
    this.wasUsed = true;
    return this.#descriptor ?? this.#open(FLAGS);
  }

  #open(flags: number): number {
    const descriptor = wrapFsError("open the file", this.path, () => openFile(this.path, flags));
    addToPool(this);
    this.#descriptor = descriptor;
    return descriptor;
  }

  /** Writes a text of whole lines, or as much of it as the system takes. */
  #write(text: string): ByteRange & { readonly error?: unknown } {
    const start = this.#size + (this.#endsInsideLine ? 1 : 0);
    let written = 0;
    let total = 0;
    try {
      if (this.#syncError !== undefined) throw this.#syncError;
      const descriptor = this.#opened();
      if (this.#endsInsideLine) {
        writeSync(descriptor, "\n");
        this.#endsInsideLine = false;
        this.#size = start;
      }
      total = Buffer.byteLength(text);
      written = writeSync(descriptor, text);
      // A short write is the first sign of a full disk; the next write fails with the reason.
      while (written < total) written += writeSync(descriptor, Buffer.from(text), written);
      this.#size = start + written;
      if (this.#policy.fsync === "always") this.syncToDisk();
      if (this.#policy.fsync === "interval") syncWithin(this);
      return { start, end: this.#size };
    } catch (error) {
      this.#syncError = undefined;
      if (!this.#endsInsideLine) this.#size = start + written;
      if (written > 0 && written < total) return { start, end: this.#size, error };
      // It was written but could not be synced.
      if (written > 0) this.#truncate(start);
      return { start, end: start, error };
    }
  }

  #truncate(size: number): void {
    if (this.#size <= size || this.#descriptor === undefined) return;
    try {
      ftruncateSync(this.#descriptor, size);
      this.#size = size;
    } catch {
      this.#endsInsideLine = true;
    }
  }

  #failure(cause: unknown): MirrorError {
    if (cause instanceof MirrorError) return cause;
    return new MirrorError(
      `Cannot append to the file${codeOf(cause) === "ENOSPC" ? ": the disk is full" : ""}`,
      this.path,
      cause,
    );
  }
}

function textOf(queue: readonly QueuedLine[]): string {
  let text = "";
  for (const { line } of queue) text += `${line}\n`;
  return text;
}

function endsWithNewline(descriptor: number, size: number): boolean {
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  return readSync(descriptor, last, 0, 1, size - 1) === 0 || last[0] === NEWLINE;
}
