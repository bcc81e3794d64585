import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf } from "../util/thrown.js";
import type { Answer } from "./answer.js";
import { type Fate, type OpenRecord, openRecord, type RecordedRequest } from "./requests.js";

/**
 * A request on its way to its fate. The fate is noted in the record and told before it is done, so whoever sees an answer
 * finds both.
 */
export class Exchange {
  readonly record: OpenRecord;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #onFate: ((request: RecordedRequest) => void) | undefined;
  readonly #arrivedAt = performance.now();

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    onFate: ((request: RecordedRequest) => void) | undefined,
  ) {
    this.record = openRecord(request);
    this.#request = request;
    this.#response = response;
    this.#onFate = onFate;
  }

  /** Sends an answer, where the caller is still there. */
  answer({ status, text, headers }: Answer): void {
    const response = this.#response;
    if (response.destroyed || response.socket?.destroyed) {
      this.leave();
      return;
    }
    response.statusCode = status;
    for (const name in headers) response.setHeader(name, headers[name] ?? "");
    this.record.status = status;
    this.#meet("answered");
    response.end(text);
  }

  /** Never answers. */
  hang(): void {
    this.#meet("hung");
  }

  /** Resets the connection. */
  reset(): void {
    this.#meet("reset");
    this.#request.socket.resetAndDestroy();
  }

  /** Takes note of a caller that went away. */
  leave(): void {
    this.#meet("gone");
  }

  #meet(fate: Fate): void {
    const { record } = this;
    const isOpen = record.fate === undefined;
    record.fate = fate;
    record.durationMs = performance.now() - this.#arrivedAt;
    if (!isOpen) return;
    const told: unknown = this.#onFate?.(record);
    // The answer is on its way when a promise rejects; a test that uses the mock must not end for it.
    Promise.resolve(told).catch((error: unknown) => process.emitWarning(`onAnswer failed: ${messageOf(error)}`));
  }
}
