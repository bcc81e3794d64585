import type { Counts } from "../../delivery/counters.js";
import { number } from "../terminal/text.js";

const CELLS = 24;
const USUAL_COLUMNS = 80;

/** A stream that may be a terminal. */
export interface MaybeTerminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** How far a sync is: one line of a terminal, drawn over and over. Elsewhere it shows nothing. */
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
    const refused = rejected === 0 ? "" : `, ${number(rejected)} rejected`;
    const text = `[${"#".repeat(full)}${"-".repeat(CELLS - full)}] ${Math.floor(share * 100)} %, ${number(delivered)} delivered, ${number(pending)} to go${refused}`;
    this.#write(text);
    this.#isDrawn = true;
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#isDrawn) this.#write("");
    this.#isDrawn = false;
  }

  /** Writes lines of text where the bar stands; the bar comes back below them. */
  above(lines: string): void {
    this.clear();
    this.#stream.write(lines);
  }

  /** One column is left free, as a terminal may begin a new line after its last one. Some say they have none at all. */
  #write(text: string): void {
    const width = (this.#stream.columns || USUAL_COLUMNS) - 1;
    const padding = " ".repeat(width);
    this.#stream.write(`\r${`${text}${padding}`.slice(0, width)}${text === "" ? "\r" : ""}`);
  }
}
