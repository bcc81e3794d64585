import type { Logger } from "../logger.js";
import type { Output } from "./output.js";

const MOST = 20;

/** Passes on what a sync has to say, each thing once: a thousand rows may be refused for one reason. */
export class Notices implements Logger {
  readonly #output: Output;
  readonly #told = new Set<string>();
  #untold = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  debug(): void {}

  info(): void {}

  warn(message: string): void {
    if (this.#told.has(message)) return;
    if (this.#told.size === MOST) {
      this.#untold += 1;
      return;
    }
    this.#told.add(message);
    this.#output.line(message);
  }

  error(message: string): void {
    this.warn(message);
  }

  /** Says how much was left unsaid. */
  end(): void {
    if (this.#untold > 0) this.#output.line(`[evsys-sdk] … and ${this.#untold} more; evsys-sdk status lists them.`);
  }
}
