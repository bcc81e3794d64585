import type { Logger } from "../../logger.js";
import type { Output } from "./output.js";
import { counted } from "./text.js";

const MAX_NOTICES = 20;
/** A process that owns several folders is named only once. */
const LEFT = /^\[evsys-sdk\] (.+): left to (process \d+ on .+), which sends for it\.$/;

/** Prints the warnings of a sync, each only once, because a thousand rows may be rejected for one reason. */
export class Notices implements Logger {
  readonly #output: Output;
  readonly #printed = new Set<string>();
  /** The folders that other processes are sending, by process. */
  readonly #left = new Map<string, Set<string>>();
  #omitted = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  debug(): void {}

  info(): void {}

  warn(message: string): void {
    const [, folder, owner] = LEFT.exec(message) ?? [];
    if (folder !== undefined && owner !== undefined) {
      this.#left.set(owner, (this.#left.get(owner) ?? new Set()).add(folder));
      return;
    }
    if (this.#printed.has(message)) return;
    if (this.#printed.size === MAX_NOTICES) {
      this.#omitted += 1;
      return;
    }
    this.#printed.add(message);
    this.#output.line(message);
  }

  error(message: string): void {
    this.warn(message);
  }

  /** Prints the summary. `alreadyNamed`: a text with the processes that were already printed. */
  end(alreadyNamed = ""): void {
    for (const [owner, folders] of this.#left) {
      if (alreadyNamed.includes(owner)) continue;
      this.#output.line(
        `[evsys-sdk] Left ${counted(folders.size, "folder")} to ${owner}, which sends for what it logs to.`,
      );
    }
    if (this.#omitted > 0) this.#output.line(`[evsys-sdk] … and ${this.#omitted} more; evsys-sdk status lists them.`);
  }
}
