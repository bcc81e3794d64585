import { DashboardClientError } from "../errors.js";
import type { Logger } from "../logger.js";
import { InFlight } from "../util/in-flight.js";
import { codeOf } from "../util/thrown.js";
import { Counters } from "./counters.js";

/** The counts, the calls and the error handler of one of the clients that share an outbox. */
export class Scope {
  readonly counters = new Counters();
  readonly calls = new InFlight();
  readonly #logger: Logger;
  readonly #onError: (error: Error) => void;
  readonly #logged = new Set<string>();

  /** `onError` must not throw. */
  constructor(logger: Logger, onError: (error: Error) => void) {
    this.#logger = logger;
    this.#onError = onError;
  }

  /** Reports an error that no call waits for: every one to the callback, and the first of each kind to the log. */
  announce(error: Error): void {
    const kind =
      error instanceof DashboardClientError ? `${error.name} ${error.status}` : `${error.name} ${codeOf(error.cause)}`;
    if (!this.#logged.has(kind)) {
      this.#logged.add(kind);
      this.#logger.error(`${error.message.replace(/\.$/, "")}. Further ones of this kind are counted, not logged.`);
    }
    this.#onError(error);
  }
}
