import type { StoredLine } from "../journal/segment.js";
import { TransientMap } from "../util/transient-map.js";

const MAX_BYTES = 64 * 1024;

/** Lines that were just written, so that the backlog need not read them from the file. */
export class RecentLines {
  readonly #texts = new TransientMap<number, string>();
  #bytes = 0;

  remember(start: number, text: string): void {
    if (this.#bytes >= MAX_BYTES) return;
    this.#texts.set(start, text);
    this.#bytes += text.length;
  }

  /** The lines that start at a position. They are forgotten. */
  take(start: number): StoredLine[] | undefined {
    const text = this.#texts.get(start);
    if (text === undefined) return undefined;
    this.#texts.delete(start);
    this.#bytes -= text.length;
    return linesAt(start, text);
  }

  clear(): void {
    this.#texts.clear();
    this.#bytes = 0;
  }
}

/** The lines of a text that starts at a byte of the file. */
export function linesAt(start: number, text: string): StoredLine[] {
  if (!text.includes("\n")) return [{ start, text }];
  let at = start;
  return text.split("\n").map((line) => {
    const stored = { start: at, text: line };
    at += Buffer.byteLength(line) + 1;
    return stored;
  });
}
