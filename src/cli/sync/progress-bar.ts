import type { Counts } from "../../delivery/counters.js";
import { number } from "../terminal/text.js";

const CELLS = 24;
const DEFAULT_COLUMNS = 80;

/** A stream that may be a terminal. */
export interface MaybeTerminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** The progress of a sync on one line of a terminal. Prints nothing if the stream is not a terminal. */
export class ProgressBar {
  readonly #stream: MaybeTerminal;
  #isDrawn = false;

  constructor(stream: MaybeTerminal) {
    this.#stream = stream;
  }

  draw({ delivered, pending, rejected }: Counts): void {
    if (this.#stream.isTTY !== true || delivered + pending === 0) return;
    const share = delivered / (delivered + pending);
    const full = Math.floor(share * CELLS);
    const suffix = rejected === 0 ? "" : `, ${number(rejected)} rejected`;
    const text = `[${"#".repeat(full)}${"-".repeat(CELLS - full)}] ${Math.floor(share * 100)} %, ${number(delivered)} delivered, ${number(pending)} pending${suffix}`;
    this.#write(text);
    this.#isDrawn = true;
  }

  /** Erases the line. */
  clear(): void {
    if (this.#isDrawn) this.#write("");
    this.#isDrawn = false;
  }

  /** Writes lines of text in place of the bar, which is redrawn below them. */
  above(lines: string): void {
    this.clear();
    this.#stream.write(lines);
  }

  /** Leaves the last column free, because some terminals wrap after it. Some terminals report 0 columns. */
  #write(text: string): void {
    const width = (this.#stream.columns || DEFAULT_COLUMNS) - 1;
    const padding = " ".repeat(width);
    this.#stream.write(`\r${`${text}${padding}`.slice(0, width)}${text === "" ? "\r" : ""}`);
  }
}
