import { DashboardClientError } from "../errors.js";
import type { Logger } from "../logger.js";
import { codeOf } from "../util/thrown.js";
import { Counters } from "./counters.js";

/** What belongs to one client of those that share the sending: its counts, its calls, and where its errors go. */
export class Scope {
  readonly counters = new Counters();
  /** How many calls are under way. */
  calls = 0;
  readonly #logger: Logger;
  readonly #onError: (error: Error) => void;
  readonly #logged = new Set<string>();
  #idle: (() => void)[] = [];

  /** `onError` must not throw. */
  constructor(logger: Logger, onError: (error: Error) => void) {
    this.#logger = logger;
    this.#onError = onError;
  }

  /** Reports an error that no call waits for: each to the caller, and each kind once to the log. */
  announce(error: Error): void {
    const kind =
      error instanceof DashboardClientError ? `${error.name} ${error.status}` : `${error.name} ${codeOf(error.cause)}`;
    if (!this.#logged.has(kind)) {
      this.#logged.add(kind);
      this.#logger.error(`${error.message.replace(/\.$/, "")}. Further ones of this kind are counted, not logged.`);
    }
    this.#onError(error);
  }

  endCall(): void {
    this.calls -= 1;
    if (this.calls > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }

  /** Resolves when no call is under way. */
  whenIdle(): Promise<void> {
    return this.calls === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }
}
