import { setImmediate as nextTurn } from "node:timers/promises";
import type { MirrorError } from "../errors.js";
import { now } from "../util/clock.js";
import { AppendFile, type ByteRange } from "./append-file.js";
import { NO_FSYNC } from "./fsync.js";

const MAX_STALL_MS = 10;
const WRITTEN = Promise.resolve();

/** Called once, with the range of the line or with the error because of which it was not appended. */
export type OnAppended = (start: number, end: number, error?: MirrorError) => void;

interface QueuedLine {
  readonly line: string;
  readonly appended: OnAppended;
}

/** Appends lines to a file. A line that is reported as appended has been written completely and survives a kill. */
export class LineWriter {
  readonly file: AppendFile;
  #queue: QueuedLine[] = [];
  /** The range of the lines that `appendAll` is writing, maybe in several turns of the event loop. */
  #call: ByteRange | undefined;
  /** How many calls of `appendAll` are writing or waiting. */
  #calls = 0;

  /** @throws MirrorError if the file cannot be opened. */
  constructor(path: string, policy = NO_FSYNC) {
    this.file = new AppendFile(path, policy);
  }

  /** Where the next line starts; lines beyond it belong to an unfinished `appendAll`. */
  get end(): number {
    return this.#call?.start ?? this.file.end;
  }

  /** Where the written lines end, with those of the `appendAll` that is writing. */
  get claimedEnd(): number {
    return this.#call?.end ?? this.file.size;
  }

  /** Whether an `appendAll` is writing or waiting: another writer of the file would corrupt it. */
  get isInCall(): boolean {
    return this.#calls > 0;
  }

  /** Whether lines are waiting to be written. */
  get isWriting(): boolean {
    return this.#queue.length > 0 || this.#call !== undefined;
  }

  /** Appends a line, passed without its newline. The lines of one tick are written together at the end of the tick. */
  append(line: string, appended: OnAppended): void {
    // A promise, because a test runner's fake timers replace queueMicrotask.
    if (!this.isWriting) WRITTEN.then(this.#writeLater);
    this.#queue.push({ line, appended });
  }

  /**
   * Appends texts of whole lines, all of them or none, and yields to the event loop in between. Later lines wait. `note` is
   * called with their ranges before they are written; if it throws, none of them is appended. `discard` revokes the note if
   * they cannot be written; while it returns false, no other line may take their place.
   * @throws MirrorError if they cannot be appended.
   */
  async appendAll(
    texts: readonly string[],
    note: (ranges: readonly ByteRange[]) => void,
    discard: () => boolean,
  ): Promise<ByteRange[]> {
    this.#calls += 1;
    try {
      while (this.#call !== undefined) await nextTurn();
      this.flush();
      const ranges = rangesOf(texts, this.end);
      note(ranges);
      await this.#writeAll(texts, { start: this.end, end: ranges.at(-1)?.end ?? this.end }, discard);
      return ranges;
    } finally {
      this.#calls -= 1;
    }
  }

  async #writeAll(texts: readonly string[], call: ByteRange, discard: () => boolean): Promise<void> {
    this.#call = call;
    try {
      for (let turnedAt = now(), at = 0; at < texts.length; at += 1) {
        if (now() - turnedAt > MAX_STALL_MS) {
          await nextTurn();
          turnedAt = now();
        }
        const { error } = this.file.write(`${texts[at]}\n`);
        if (error !== undefined) throw this.file.failure(error);
      }
    } catch (error) {
      this.#call = undefined;
      const isUndone = this.file.truncate(call.start);
      const failed = discard() && isUndone ? [] : this.#queue.splice(0);
      for (const { appended } of failed) appended(this.end, this.end, this.file.failure(error));
      throw error;
    } finally {
      this.#call = undefined;
      this.flush();
    }
  }

  /**
   * Appends one line immediately.
   * @throws MirrorError if it cannot be appended.
   */
  appendNow(line: string): ByteRange {
    this.flush();
    const { start, end, error } = this.file.write(`${line}\n`);
    if (error === undefined) return { start, end };
    this.file.truncate(start);
    throw this.file.failure(error);
  }

  /** Writes the lines that wait for the end of the tick. */
  flush(): void {
    if (this.#queue.length === 0 || this.#call !== undefined) return;
    const queue = this.#queue;
    this.#queue = [];
    const { start, end, error } = this.file.write(textOf(queue));
    if (queue.length === 1 && error === undefined) {
      queue[0]?.appended(start, end);
      return;
    }
    const ranges = rangesOf(
      queue.map(({ line }) => line),
      start,
    );
    // A row whose call fails must not be sent later: its bytes are removed before any call learns of its own row.
    const failed = ranges.find((range) => range.end > end);
    if (failed !== undefined) this.file.truncate(failed.start);
    queue.forEach(({ appended }, at) => {
      const range = ranges[at] ?? { start, end: start };
      if (range.end > end) appended(range.start, range.start, this.file.failure(error));
      else appended(range.start, range.end);
    });
  }

  close(): void {
    this.flush();
    this.file.releaseDescriptor();
  }

  readonly #writeLater = (): void => this.flush();
}

function textOf(queue: readonly QueuedLine[]): string {
  let text = "";
  for (const { line } of queue) text += `${line}\n`;
  return text;
}

/** The ranges of texts that are written from a position on, each with a newline after it. */
function rangesOf(texts: readonly string[], from: number): ByteRange[] {
  let end = from;
  return texts.map((text) => {
    const start = end;
    end += Buffer.byteLength(text) + 1;
    return { start, end };
  });
}
