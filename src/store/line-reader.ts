import { constants, fstatSync, readSync } from "node:fs";
import type { ByteRange } from "./append-file.js";
import { addToPool, closeDescriptor, openFile, type PooledFile } from "./descriptor-pool.js";
import { unlessMissing, wrapFsError } from "./files.js";
import { NO_FOLLOW } from "./links.js";

const PIECE_BYTES = 256 * 1024;
const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);
/** Shared by all counts, which are synchronous. */
const COUNTING = Buffer.allocUnsafe(64 * 1024);

/** One line of a file: its bytes without the newline, and its position. */
export interface Line extends ByteRange {
  readonly bytes: Buffer;
  /** False for a last line without a newline: torn, or still being written. */
  readonly isTerminated: boolean;
}

/** How many lines a part of a file has. */
export interface LineCount {
  readonly lines: number;
  /** Where a last line starts that has no newline in the part; it is not among the lines. */
  readonly restAt: number | undefined;
}

/**
 * Reads the lines of a file of any size, piece by piece. A line's bytes are valid until the next line is read. A missing
 * file has no lines. The file may grow: reading on after the end finds added lines.
 */
export class LineReader implements PooledFile {
  wasUsed = true;
  readonly #path: string;
  #descriptor: number | undefined;
  /** Reused for every piece, to avoid garbage. */
  #buffer: Buffer = NOTHING;
  #piece: Buffer = NOTHING;
  #pieceStart = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** The current size of the file in bytes. */
  get size(): number {
    const descriptor = this.#opened();
    return descriptor === undefined ? 0 : fstatSync(descriptor).size;
  }

  /** The line that starts at a position, or undefined at the end of the file. */
  lineAt(start: number): Line | undefined {
    const at = start - this.#pieceStart;
    const found = at >= 0 && at <= this.#piece.length ? this.#piece.indexOf(NEWLINE, at) : -1;
    if (found !== -1)
      return { start, end: this.#pieceStart + found + 1, bytes: this.#piece.subarray(at, found), isTerminated: true };
    for (let length = PIECE_BYTES; ; length *= 2) {
      this.#fill(start, length);
      const end = this.#piece.indexOf(NEWLINE);
      if (end !== -1) return { start, end: start + end + 1, bytes: this.#piece.subarray(0, end), isTerminated: true };
      if (this.#piece.length === 0) return undefined;
      if (this.#piece.length < length) {
        return { start, end: start + this.#piece.length + 1, bytes: this.#piece, isTerminated: false };
      }
    }
  }

  /** Counts the lines between two places that are not empty, many times faster than reading them. */
  countLines(start: number, end: number): LineCount {
    const descriptor = this.#opened();
    let lines = 0;
    let lineStart = start;
    for (let at = start; at < end && descriptor !== undefined; ) {
      const wantedBytes = Math.min(COUNTING.length, end - at);
      const length = wrapFsError("read the file", this.#path, () => readSync(descriptor, COUNTING, 0, wantedBytes, at));
      if (length === 0) break;
      const piece = COUNTING.subarray(0, length);
      for (let newline = piece.indexOf(NEWLINE); newline !== -1; newline = piece.indexOf(NEWLINE, newline + 1)) {
        if (at + newline > lineStart) lines += 1;
        lineStart = at + newline + 1;
      }
      at += length;
    }
    return { lines, restAt: lineStart < end ? lineStart : undefined };
  }

  close(): void {
    this.releaseDescriptor();
    this.#buffer = NOTHING;
    this.#piece = NOTHING;
  }

  releaseDescriptor(): void {
    if (this.#descriptor !== undefined) closeDescriptor(this, this.#descriptor);
    this.#descriptor = undefined;
  }

  #fill(start: number, length: number): void {
    const descriptor = this.#opened();
    this.#pieceStart = start;
    // If the read fails, the old piece must not pass for the bytes at the new position.
    this.#piece = NOTHING;
    if (descriptor === undefined) return;
    this.#piece = wrapFsError("read the file", this.#path, () => {
      const wantedBytes = Math.max(0, Math.min(length, fstatSync(descriptor).size - start));
      if (this.#buffer.length < wantedBytes) this.#buffer = Buffer.allocUnsafeSlow(wantedBytes);
      return this.#buffer.subarray(0, readSync(descriptor, this.#buffer, 0, wantedBytes, start));
    });
  }

  #opened(): number | undefined {
    this.wasUsed = true;
    if (this.#descriptor !== undefined) return this.#descriptor;
    this.#descriptor = wrapFsError("read the file", this.#path, () =>
      unlessMissing(undefined, () => openFile(this.#path, constants.O_RDONLY | NO_FOLLOW)),
    );
    if (this.#descriptor !== undefined) addToPool(this);
    return this.#descriptor;
  }
}

/** The lines of a file from its start to its end. */
export function* linesOf(path: string): Generator<Line> {
  const reader = new LineReader(path);
  try {
    for (let line = reader.lineAt(0); line !== undefined; line = reader.lineAt(line.end)) {
      yield line;
      if (!line.isTerminated) return;
    }
  } finally {
    reader.close();
  }
}
