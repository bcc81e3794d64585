import type { Logger } from "../logger.js";

/** Logs the start and the end of outages, once each. */
export class OutageLog {
  readonly #logger: Logger;
  readonly #baseUrl: string;
  readonly #root: string | undefined;
  /** How many writes were pending when the backend came back, until they are delivered. */
  #recovering: number | undefined;

  /** `root`: the mirror that writes go to; undefined for a sync, which has its own report. */
  constructor(logger: Logger, baseUrl: string, root: string | undefined) {
    this.#logger = logger;
    this.#baseUrl = baseUrl;
    this.#root = root;
  }

  noteDown(reason: string): void {
    this.#recovering = undefined;
    if (this.#root === undefined) return;
    this.#logger.warn(
      `The backend at ${this.#baseUrl} is unavailable (${reason}). Writes go to ${this.#root} and are sent when it is back. To check the connection: npx evsys-sdk doctor`,
    );
  }

  noteUp(pending: number): void {
    if (this.#root === undefined) return;
    this.#recovering = pending;
    const sending = pending === 0 ? "" : `: ${writes(pending)} are being delivered`;
    this.#logger.warn(`The backend at ${this.#baseUrl} is back${sending}.`);
  }

  /** The drain has ended with the backend up. */
  noteDrained(): void {
    if (this.#recovering === undefined) return;
    this.#logger.info(`The backlog of the outage is delivered: ${writes(this.#recovering)}.`);
    this.#recovering = undefined;
  }
}

function writes(count: number): string {
  return count === 1 ? "1 write" : `${count} writes`;
}
