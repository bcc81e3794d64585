import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Fsync } from "../config.js";
import { MirrorError } from "../errors.js";
import { FILE_MODE, makeFolder, onFile } from "./files.js";
import { forget, syncWithin } from "./fsync.js";
import { NO_FOLLOW } from "./links.js";

const { O_APPEND, O_CREAT, O_RDWR } = constants;
const FLAGS = O_APPEND | O_CREAT | O_RDWR | NO_FOLLOW;
const NEWLINE = 0x0a;
const LOOK_EVERY_MS = 1;

/** Where a line stands in its file, in bytes. The end is past the newline: it is where the next line starts. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

interface Waiting {
  readonly line: string;
  readonly resolve: (range: ByteRange) => void;
  readonly reject: (error: MirrorError) => void;
}

/**
 * Appends lines to a file that nobody else appends to. A line is on the file once its call has returned or its promise
 * has resolved: the system has taken the whole of it, and a kill cannot take it back. A line that was cut short, by a
 * power cut or a full disk, is never continued by the next one.
 */
export class LineWriter {
  readonly path: string;
  readonly #descriptor: number;
  readonly #fsync: Fsync;
  #diskError: NodeJS.ErrnoException | undefined;
  #size: number;
  #endsInsideLine: boolean;
  #batch: Waiting[] = [];
  #foundIntactAt = Number.NEGATIVE_INFINITY;

  /** @throws MirrorError where the file cannot be opened. */
  constructor(path: string, fsync: Fsync = "never") {
    this.path = path;
    this.#fsync = fsync;
    makeFolder(dirname(path));
    this.#descriptor = onFile("open the file", path, () => openSync(path, FLAGS, FILE_MODE));
    this.#size = fstatSync(this.#descriptor).size;
    this.#endsInsideLine = !endsWithNewline(this.#descriptor, this.#size);
  }

  /** Where the next line will start. */
  get end(): number {
    return this.#size + (this.#endsInsideLine ? 1 : 0);
  }

  /** Whether lines wait for the end of this tick to be written. */
  get isWriting(): boolean {
    return this.#batch.length > 0;
  }

  /**
   * Whether the file is still the one of this name and size. A folder may be deleted, and a file cut, under an open
   * descriptor. It is looked at once a millisecond: the calls of a tight loop share a look, which costs as much as a row.
   */
  get isIntact(): boolean {
    const now = performance.now();
    if (now - this.#foundIntactAt < LOOK_EVERY_MS) return true;
    const { nlink, size } = fstatSync(this.#descriptor);
    const isIntact = nlink > 0 && size === this.#size;
    if (isIntact) this.#foundIntactAt = now;
    return isIntact;
  }

  /**
   * Appends a line, or several with newlines between them, given without the last newline: all of them or none. What is
   * appended within one tick goes out in one write.
   * @throws MirrorError (as a rejection) where the line is not on the file.
   */
  append(line: string): Promise<ByteRange> {
    return new Promise((resolve, reject) => {
      if (this.#batch.length === 0) queueMicrotask(this.#writeLater);
      this.#batch.push({ line, resolve, reject });
    });
  }

  /**
   * Appends one line at once.
   * @throws MirrorError where the line is not on the file.
   */
  appendNow(line: string): ByteRange {
    this.#writeBatch();
    const { start, end, error } = this.#write(`${line}\n`);
    if (error === undefined) return { start, end };
    this.#takeBack(start, end);
    throw this.#failure(error);
  }

  /** Waits until the disk itself has what was appended. */
  syncToDisk(): void {
    onFile("write the file to disk", this.path, () => fdatasyncSync(this.#descriptor));
  }

  /** Has the disk take what was appended, without waiting for it. Where it cannot, the next line is refused. */
  syncSoon(): void {
    fdatasync(this.#descriptor, (error) => {
      // Closed meanwhile, and on the disk by that.
      if (error !== null && error.code !== "EBADF") this.#diskError = error;
    });
  }

  close(): void {
    this.#writeBatch();
    if (this.#fsync === "interval") {
      forget(this);
      this.syncToDisk();
    }
    closeSync(this.#descriptor);
  }

  readonly #writeLater = (): void => this.#writeBatch();

  #writeBatch(): void {
    const batch = this.#batch;
    const [first] = batch;
    if (first === undefined) return;
    this.#batch = [];
    const { start, end, error } = this.#write(batch.length === 1 ? `${first.line}\n` : textOf(batch));
    let at = start;
    for (const { line, resolve, reject } of batch) {
      const next = at + Buffer.byteLength(line) + 1;
      if (next > end) {
        // A row whose call raises must not come back: what is on the file of it is taken back, with those after it.
        if (at <= end) this.#takeBack(at, end);
        reject(this.#failure(error));
      } else resolve({ start: at, end: next });
      at = next;
    }
  }

  /** Writes a text of whole lines, or as much of it as the system takes. */
  #write(text: string): ByteRange & { readonly error?: unknown } {
    const total = Buffer.byteLength(text);
    const start = this.end;
    let written = 0;
    try {
      if (this.#diskError !== undefined) throw this.#diskError;
      if (this.#endsInsideLine) {
        writeSync(this.#descriptor, "\n");
        this.#endsInsideLine = false;
        this.#size = start;
      }
      written = writeSync(this.#descriptor, text);
      // A short write is the first sign of a full disk; the next one fails and says so.
      while (written < total) written += writeSync(this.#descriptor, Buffer.from(text), written);
      this.#size = start + written;
      if (this.#fsync === "always") fdatasyncSync(this.#descriptor);
      if (this.#fsync === "interval") syncWithin(this);
      return { start, end: this.#size };
    } catch (error) {
      this.#diskError = undefined;
      this.#size = start + written;
      if (written < total) return { start, end: this.#size, error };
      // It is on the file and cannot get to the disk.
      this.#takeBack(start, this.#size);
      return { start, end: start, error };
    }
  }

  #takeBack(whole: number, written: number): void {
    if (written === whole) return;
    try {
      ftruncateSync(this.#descriptor, whole);
      this.#size = whole;
    } catch {
      this.#endsInsideLine = true;
    }
  }

  #failure(cause: unknown): MirrorError {
    return new MirrorError("Cannot append to the file", this.path, cause);
  }
}

function textOf(batch: readonly Waiting[]): string {
  let text = "";
  for (const { line } of batch) text += `${line}\n`;
  return text;
}

function endsWithNewline(descriptor: number, size: number): boolean {
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  return readSync(descriptor, last, 0, 1, size - 1) === 0 || last[0] === NEWLINE;
}
