import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf } from "../util/thrown.js";
import { type Fate, type OpenRecord, openRecord, type RecordedRequest } from "./requests.js";
import type { MockResponse } from "./response.js";

/**
 * A request and its response. The fate is recorded and reported before the response is sent, so a caller that has received
 * the response finds both.
 */
export class MockExchange {
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

  /** Sends a response, unless the caller has closed the connection. */
  respond({ status, text, headers }: MockResponse): void {
    const response = this.#response;
    if (response.destroyed || response.socket?.destroyed) {
      this.callerGone();
      return;
    }
    response.statusCode = status;
    for (const name in headers) response.setHeader(name, headers[name] ?? "");
    this.record.status = status;
    this.#settle("answered");
    response.end(text);
  }

  /** Never responds. */
  hang(): void {
    this.#settle("hung");
  }

  /** Resets the connection. */
  reset(): void {
    this.#settle("reset");
    this.#request.socket.resetAndDestroy();
  }

  /** Records that the caller closed the connection. */
  callerGone(): void {
    this.#settle("gone");
  }

  #settle(fate: Fate): void {
    const { record } = this;
    const isOpen = record.fate === undefined;
    record.fate = fate;
    record.durationMs = performance.now() - this.#arrivedAt;
    if (!isOpen) return;
    const told: unknown = this.#onFate?.(record);
    // A promise rejects too late for a 500, and must not end the process.
    Promise.resolve(told).catch((error: unknown) => process.emitWarning(`onAnswer failed: ${messageOf(error)}`));
  }
}
