import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf } from "../util/thrown.js";
import { type OpenRecord, openRecord, type RecordedRequest, type RequestEnd } from "./requests.js";
import type { MockResponse } from "./response.js";

/**
 * A request and its response. How it ends is recorded and reported before the response is sent, so a caller that has received
 * the response finds both.
 */
export class MockExchange {
  readonly record: OpenRecord;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #onEnd: ((request: RecordedRequest) => void) | undefined;
  readonly #arrivedAt = performance.now();

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    onEnd: ((request: RecordedRequest) => void) | undefined,
  ) {
    this.record = openRecord(request);
    this.#request = request;
    this.#response = response;
    this.#onEnd = onEnd;
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
    this.#settle("responded");
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
    this.#settle("disconnected");
  }

  #settle(end: RequestEnd): void {
    const { record } = this;
    const isOpen = record.end === undefined;
    record.end = end;
    record.durationMs = performance.now() - this.#arrivedAt;
    if (!isOpen) return;
    const reported: unknown = this.#onEnd?.(record);
    // A promise rejects too late for a 500, and must not end the process.
    Promise.resolve(reported).catch((error: unknown) => process.emitWarning(`onRequest failed: ${messageOf(error)}`));
  }
}
