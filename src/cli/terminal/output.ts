import { harmless } from "./text.js";

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

/** How a piece of a line may look. */
export type Style = keyof typeof CODES;

/** A piece of a line in a style. */
export interface Painted {
  readonly text: string;
  readonly style: Style;
}

/** A piece of a line. */
export type Piece = string | Painted;

/** Where output goes. */
export interface Writable {
  write(text: string): unknown;
}

/** A piece in a style. */
export function paint(style: Style, text: string): Painted {
  return { text, style };
}

/** Prints lines made of pieces: what stands in a piece is never obeyed by a terminal, colours are added here alone. */
export class Output {
  readonly #stream: Writable;
  readonly #isColoured: boolean;

  constructor(stream: Writable, isColoured = false) {
    this.#stream = stream;
    this.#isColoured = isColoured;
  }

  /** Prints a line. */
  line(...pieces: readonly Piece[]): void {
    this.#stream.write(`${pieces.map((piece) => this.#shown(piece)).join("")}\n`);
  }

  /** Prints an object as one line of JSON. */
  json(value: object): void {
    this.#stream.write(`${harmless(JSON.stringify(value))}\n`);
  }

  #shown(piece: Piece): string {
    if (typeof piece === "string") return harmless(piece);
    const [on, off] = CODES[piece.style];
    const text = harmless(piece.text);
    return this.#isColoured ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  }
}
