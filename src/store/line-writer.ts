import { constants, fstatSync, ftruncateSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { MirrorError } from "../errors.js";
import { now } from "../util/clock.js";
import { codeOf } from "../util/thrown.js";
import { addToPool, closeDescriptor, openFile, type PooledFile } from "./descriptor-pool.js";
import { isMissing, onFile } from "./files.js";
import {
  type DiskPolicy,
  forget,
  makeFolderKnown,
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
const LONGEST_STALL_MS = 10;
const WRITTEN = Promise.resolve();

/** Where a line stands in its file, in bytes. The end is past the newline: it is where the next line starts. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Called once: with the range of the line, or with the reason why it is not on the file. */
export type Appended = (start: number, end: number, error?: MirrorError) => void;

interface QueuedLine {
  readonly line: string;
  readonly appended: Appended;
}

/**
 * Appends lines to a file that nobody else appends to. A line is on the file once it is reported as appended: the system
 * has taken the whole of it, and a kill cannot take it back. A line that was cut short, by a power cut or a full disk, is
 * never continued by the next one.
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
  /** Where the lines of a call begin that is being written in several turns. */
  #heldFrom: number | undefined;

  /** @throws MirrorError if the file cannot be opened. */
  constructor(path: string, policy = NO_FSYNC) {
    this.path = path;
    this.#policy = policy;
    makeFolderKnown(dirname(path), policy);
    const descriptor = this.#open(FLAGS | O_CREAT);
    this.#size = onFile("look at the file", path, () => fstatSync(descriptor).size);
    if (this.#size === 0) syncFolder(dirname(path), policy);
    this.#endsInsideLine = !endsWithNewline(descriptor, this.#size);
  }

  /** Where the next line will start; lines beyond it belong to a call that is still being written. */
  get end(): number {
    return this.#heldFrom ?? this.#size + (this.#endsInsideLine ? 1 : 0);
  }

  /** Whether lines wait to be written. */
  get isWriting(): boolean {
    return this.#queue.length > 0 || this.#heldFrom !== undefined;
  }

  /**
   * Whether the file is still the one of this name and size. A folder may be deleted, and a file cut, under an open
   * descriptor. It is checked once a millisecond: the calls of a tight loop share a check, which costs as much as a row.
   */
  checkIntact(): boolean {
    const time = now();
    if (time - this.#foundIntactAt < CHECK_EVERY_MS) return true;
    try {
      const descriptor = this.#opened();
      const { nlink, size } = onFile("look at the file", this.path, () => fstatSync(descriptor));
      if (nlink === 0 || size !== this.#size) return false;
    } catch (error) {
      if (isMissing(error) || (error instanceof MirrorError && isMissing(error.cause))) return false;
      throw error;
    }
    this.#foundIntactAt = time;
    return true;
  }

  /** Appends a line, given without its newline. The lines of one tick go out in one write, at the end of the tick. */
  append(line: string, appended: Appended): void {
    // A promise, not queueMicrotask: fake timers of a test runner replace that.
    if (!this.isWriting) WRITTEN.then(this.#writeLater);
    this.#queue.push({ line, appended });
  }

  /**
   * Appends texts of whole lines, all of them or none, and gives the event loop turns in between. Later lines wait.
   * `note` is called with their ranges while nobody has seen them yet; if it throws, none of them is on the file.
   * @throws MirrorError if they are not on the file.
   */
  async appendAll(texts: readonly string[], note: (ranges: readonly ByteRange[]) => void): Promise<ByteRange[]> {
    while (this.#heldFrom !== undefined) await nextTurn();
    this.flush();
    const start = this.end;
    const ranges: ByteRange[] = [];
    try {
      for (let turnedAt = now(), at = 0; at < texts.length; at += 1) {
        if (now() - turnedAt > LONGEST_STALL_MS) {
          this.#heldFrom = start;
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
      this.#heldFrom = undefined;
      this.flush();
    }
    return ranges;
  }

  /**
   * Appends one line at once.
   * @throws MirrorError if the line is not on the file.
   */
  appendNow(line: string): ByteRange {
    this.flush();
    const { start, end, error } = this.#write(`${line}\n`);
    if (error === undefined) return { start, end };
    this.#truncate(start);
    throw this.#failure(error);
  }

  /** Waits until the disk itself has what was appended. */
  syncToDisk(): void {
    syncToDisk(this.#opened(), this.path, this.#policy);
  }

  /** Has the disk take what was appended, without waiting for it. If it cannot, the next line is refused. */
  syncSoon(): void {
    if (this.#descriptor === undefined) return;
    syncToDiskSoon(this.#descriptor, this.path, this.#policy, (error) => {
      this.#syncError = error;
    });
  }

  /** Writes the lines that wait for the end of the tick. */
  flush(): void {
    if (this.#queue.length === 0 || this.#heldFrom !== undefined) return;
    const queue = this.#queue;
    this.#queue = [];
    const { start, end, error } = this.#write(textOf(queue));
    if (queue.length === 1 && error === undefined) {
      queue[0]?.appended(start, end);
      return;
    }
    let last = start;
    const ranges = queue.map(({ line }) => {
      const range = { start: last, end: last + Buffer.byteLength(line) + 1 };
      last = range.end;
      return range;
    });
    // A row whose call fails must not come back: what is on the file of it is taken back before any call learns of its own.
    const failed = ranges.find((range) => range.end > end);
    if (failed !== undefined) this.#truncate(failed.start);
    queue.forEach(({ appended }, at) => {
      const range = ranges[at];
      if (range === undefined) return;
      if (range.end > end) appended(range.start, range.start, this.#failure(error));
      else appended(range.start, range.end);
    });
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
    const descriptor = onFile("open the file", this.path, () => openFile(this.path, flags));
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
      // A short write is the first sign of a full disk; the next one fails and says so.
      while (written < total) written += writeSync(descriptor, Buffer.from(text), written);
      this.#size = start + written;
      if (this.#policy.fsync === "always") this.syncToDisk();
      if (this.#policy.fsync === "interval") syncWithin(this);
      return { start, end: this.#size };
    } catch (error) {
      this.#syncError = undefined;
      if (!this.#endsInsideLine) this.#size = start + written;
      if (written > 0 && written < total) return { start, end: this.#size, error };
      // It is on the file and cannot get to the disk.
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
