import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { MirrorError } from "../errors.js";
import { FILE_MODE, makeFolder } from "./files.js";

const { O_APPEND, O_CREAT, O_RDWR } = constants;
const NEWLINE = 0x0a;
/** How often an open descriptor is checked for still leading to a file that has a name. */
const CHECK_EVERY_MS = 1000;

interface Row {
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: MirrorError) => void;
}

/**
 * Appends rows to one file. The rows of one tick go out in one write, and a row's promise resolves once the system has
 * taken the whole of its line: a kill cannot take it back. A line that was cut short is never continued by the next one.
 */
export class RowWriter {
  readonly #path: string;
  #descriptor: number | undefined;
  #endsInsideLine = false;
  #checkedAt = 0;
  #batch: Row[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Appends one line, given without its newline.
   * @throws MirrorError (as a rejection) where the line is not on the file.
   */
  append(line: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#batch.length === 0) queueMicrotask(() => this.#writeBatch());
      this.#batch.push({ line, resolve, reject });
    });
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #writeBatch(): void {
    const batch = this.#batch;
    this.#batch = [];
    const { written, error } = this.#write(batch.length === 1 ? `${batch[0]?.line}\n` : linesOf(batch));
    if (error === undefined) {
      for (const row of batch) row.resolve();
      return;
    }
    const failure = new MirrorError("Cannot append to the file", this.#path, error);
    let end = 0;
    for (const row of batch) {
      end += Buffer.byteLength(row.line) + 1;
      if (end <= written) row.resolve();
      else row.reject(failure);
    }
  }

  /** Writes all of a text of whole lines, or says how much of it is on the file and why not the rest. */
  #write(text: string): { written: number; error?: unknown } {
    let written = 0;
    try {
      const descriptor = this.#open();
      if (this.#endsInsideLine) {
        writeSync(descriptor, "\n");
        this.#endsInsideLine = false;
      }
      written = writeSync(descriptor, text);
      const total = Buffer.byteLength(text);
      if (written < total) {
        const rest = Buffer.from(text);
        // A short write is the first sign of a full disk: the next one tells.
        while (written < total) written += writeSync(descriptor, rest, written);
      }
      return { written };
    } catch (error) {
      this.#endsInsideLine = written > 0 && Buffer.from(text)[written - 1] !== NEWLINE;
      return { written, error };
    }
  }

  #open(): number {
    const now = Date.now();
    if (this.#descriptor !== undefined && Math.abs(now - this.#checkedAt) < CHECK_EVERY_MS) return this.#descriptor;
    this.#checkedAt = now;
    if (this.#descriptor !== undefined) {
      if (fstatSync(this.#descriptor).nlink > 0) return this.#descriptor;
      this.close();
    }
    makeFolder(dirname(this.#path));
    const descriptor = openSync(this.#path, O_APPEND | O_CREAT | O_RDWR, FILE_MODE);
    this.#descriptor = descriptor;
    this.#endsInsideLine = !endsWithNewline(descriptor);
    return descriptor;
  }
}

function linesOf(batch: readonly Row[]): string {
  let text = "";
  for (const { line } of batch) text += `${line}\n`;
  return text;
}

function endsWithNewline(descriptor: number): boolean {
  const { size } = fstatSync(descriptor);
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  return readSync(descriptor, last, 0, 1, size - 1) === 0 || last[0] === NEWLINE;
}
