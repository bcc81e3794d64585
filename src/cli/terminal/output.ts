import { styleText } from "node:util";
import { escapeControls } from "./text.js";

/** The style of a piece of a line. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** A piece of a line with a style. */
export interface Painted {
  readonly text: string;
  readonly style: Style;
}

/** A piece of a line. */
export type Piece = string | Painted;

/** The target of output. */
export interface Writable {
  write(text: string): unknown;
}

/** Gives a text a style. */
export function paint(style: Style, text: string): Painted {
  return { text, style };
}

/** Prints lines made of pieces. Control characters in a piece are escaped; only this class adds colours. */
export class Output {
  readonly #stream: Writable;
  readonly #isColoured: boolean;

  constructor(stream: Writable, isColoured = false) {
    this.#stream = stream;
    this.#isColoured = isColoured;
  }

  /** Prints a line. */
  line(...pieces: readonly Piece[]): void {
    this.#stream.write(`${pieces.map((piece) => this.#textOf(piece)).join("")}\n`);
  }

  /** Prints an object as one line of JSON. */
  json(value: object): void {
    this.#stream.write(`${escapeControls(JSON.stringify(value))}\n`);
  }

  #textOf(piece: Piece): string {
    if (typeof piece === "string") return escapeControls(piece);
    const text = escapeControls(piece.text);
    // The caller has decided on colours; styleText must not decide again by the state of stdout.
    return this.#isColoured ? styleText(piece.style, text, { validateStream: false }) : text;
  }
}
