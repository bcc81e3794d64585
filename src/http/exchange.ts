import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { BodyChunks, CHUNK_BYTES } from "./body-chunks.js";
import type { Deadline } from "./deadline.js";
import { hasFakeTimers } from "./fake-timers.js";
import type { HttpRequest } from "./http.js";
import { decodedBody, maxBodyBytes, type RawResponse } from "./response.js";
import { isStaleConnection } from "./socket.js";

/** The connections over which requests are dispatched. */
export interface Connections {
  readonly origin: string;
  /** Whether they are being closed; no request is repeated then. */
  readonly isClosed: boolean;
  readonly pool: Dispatcher;
  /** Dispatches a request on a connection of its own. @returns a function that closes the connection. */
  dispatchAlone(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): () => void;
}

/** The connection was closed while a large body was being written to it. */
export class UploadCutError extends Error {
  override readonly name = "UploadCutError";
}

/** Sends one request and reads its response. */
export function exchange(connections: Connections, request: HttpRequest, deadline: Deadline): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    new Exchange(connections, request, deadline, resolve, reject).begin();
  });
}

/** The options of an undici request. Its own time limits are off, because the deadline applies. */
class DispatchOptions implements Dispatcher.DispatchOptions {
  readonly headersTimeout = 0;
  readonly bodyTimeout = 0;

  constructor(
    readonly origin: string,
    readonly path: string,
    readonly method: string,
    readonly headers: Record<string, string>,
    readonly body: string | Uint8Array | Readable | null,
  ) {}
}

/** Collects one response. Unlike undici, it observes the deadline even while connecting. */
class Exchange implements RawResponse, Dispatcher.DispatchHandler {
  status = 0;
  text = "";
  unreadable: string | undefined;
  #headers: IncomingHttpHeaders = {};
  #controller: Dispatcher.DispatchController | undefined;
  #chunks: BodyChunks | undefined;
  /** Closes the connection of a repeated request. */
  #closeAlone: (() => void) | undefined;
  readonly #pieces: Uint8Array[] = [];
  #bytes = 0;
  readonly #connections: Connections;
  readonly #request: HttpRequest;
  readonly #deadline: Deadline;
  readonly #resolve: (response: RawResponse) => void;
  readonly #reject: (error: Error) => void;

  constructor(
    connections: Connections,
    request: HttpRequest,
    deadline: Deadline,
    resolve: (response: RawResponse) => void,
    reject: (error: Error) => void,
  ) {
    this.#connections = connections;
    this.#request = request;
    this.#deadline = deadline;
    this.#resolve = resolve;
    this.#reject = reject;
    deadline.onPassed = (reason) => {
      reject(reason);
      this.#controller?.abort(reason);
    };
  }

  begin(): void {
    if (hasFakeTimers()) this.#closeAlone = this.#connections.dispatchAlone(this.#options(), this);
    else this.#connections.pool.dispatch(this.#options(), this);
  }

  header(name: string): string | null {
    const value = this.#headers[name];
    return (Array.isArray(value) ? value[0] : value) ?? null;
  }

  headers(): [string, string][] {
    return Object.entries(this.#headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((each): [string, string] => [name, each]),
    );
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#deadline.reason !== undefined) controller.abort(this.#deadline.reason);
  }

  /** Also called for each 1xx before the response. */
  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes <= maxBodyBytes(this.status)) return;
    this.onResponseEnd();
    controller.abort(new Error("The response is too large."));
  }

  onResponseEnd(): void {
    const { text, unreadable } = decodedBody(this.#pieces, this.status, this.header("content-encoding"));
    this.text = text;
    this.unreadable = unreadable;
    this.#release();
    this.#resolve(this);
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    const hasNoResponse = this.status === 0 && this.#deadline.reason === undefined;
    const isCut = hasNoResponse && this.#controller !== undefined && this.#chunks?.isWritten === false;
    this.#controller = undefined;
    // The server closed an idle connection just as it was used again: the request is repeated on a new one.
    if (hasNoResponse && !this.#connections.isClosed && this.#closeAlone === undefined && isStaleConnection(error)) {
      this.#closeAlone = this.#connections.dispatchAlone(this.#options(), this);
      return;
    }
    this.#release();
    this.#reject(isCut ? new UploadCutError(error.message, { cause: error }) : error);
  }

  #options(): DispatchOptions {
    const { method = "POST", url, headers, body } = this.#request;
    const { origin } = this.#connections;
    const path = url.slice(origin.length);
    // A character takes at most three bytes.
    if (body === undefined || body.length <= CHUNK_BYTES / 3)
      return new DispatchOptions(origin, path, method, headers, body ?? null);
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    if (bytes.length <= CHUNK_BYTES) return new DispatchOptions(origin, path, method, headers, bytes);
    this.#chunks = new BodyChunks(bytes, this.#deadline);
    const length = { ...headers, "content-length": String(bytes.length) };
    const stream = Readable.from(this.#chunks, { objectMode: false, highWaterMark: 0 });
    return new DispatchOptions(origin, path, method, length, stream);
  }

  /** Releases all references. Otherwise the garbage of a long sync would live as long as its connection. */
  #release(): void {
    this.#closeAlone?.();
    this.#controller = undefined;
    this.#deadline.onPassed = undefined;
    this.#pieces.length = 0;
  }
}
