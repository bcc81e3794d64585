import type { Logger } from "../../logger.js";
import type { Output } from "./output.js";
import { counted } from "./text.js";

const MOST = 20;
/** One process has an experiment and its runs in use, and is to be named once. */
const LEFT = /^\[evsys-sdk\] (.+): left to (process \d+ on .+), which sends for it\.$/;

/** Passes on what a sync has to say, each thing once: a thousand rows may be refused for one reason. */
export class Notices implements Logger {
  readonly #output: Output;
  readonly #told = new Set<string>();
  /** Folders that were left to live processes, by process. */
  readonly #left = new Map<string, Set<string>>();
  #untold = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  debug(): void {}

  info(): void {}

  warn(message: string): void {
    const [, folder, holder] = LEFT.exec(message) ?? [];
    if (folder !== undefined && holder !== undefined) {
      this.#left.set(holder, (this.#left.get(holder) ?? new Set()).add(folder));
      return;
    }
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

  /** Says what was left unsaid, but for the processes that `saidElsewhere` names already. */
  end(saidElsewhere = ""): void {
    for (const [holder, folders] of this.#left) {
      if (saidElsewhere.includes(holder)) continue;
      this.#output.line(
        `[evsys-sdk] Left ${counted(folders.size, "folder")} to ${holder}, which sends for what it logs to.`,
      );
    }
    if (this.#untold > 0) this.#output.line(`[evsys-sdk] … and ${this.#untold} more; evsys-sdk status lists them.`);
  }
}
