import type { IncomingHttpHeaders } from "node:http";
import { Socket } from "node:net";
import type { Dispatcher, Pool } from "undici";
import { type Config, type Fetch, MOST_IN_FLIGHT } from "../config.js";
import type { RawAnswer } from "./answer.js";
import type { Deadline } from "./deadline.js";

/** Anything beyond this is no answer of the SDK's routes. */
const LONGEST_ANSWER_BYTES = 16 * 1024 * 1024;
/** An error is read as far as it is useful to show. */
const LONGEST_ERROR_BYTES = 64 * 1024;
/** Takes a byte order mark for what it is, as any fetch does. */
const TEXT = new TextDecoder();

/** One POST. */
export interface HttpRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

/** Sends requests; closing it ends its connections. */
export interface Http {
  send(request: HttpRequest, deadline: Deadline): Promise<RawAnswer>;
  close(): Promise<void>;
}

/** The caller's fetch where there is one, else a connection pool of undici. */
export function createHttp(origin: string, { fetch, proxied }: Config): Http {
  return fetch === undefined ? pooled(origin, proxied) : injected(fetch);
}

function pooled(origin: string, proxied: boolean): Http {
  let dispatcher: Promise<Dispatcher> | undefined;
  return {
    async send({ url, headers, body }, deadline) {
      dispatcher ??= connect(origin, proxied);
      const pool = await dispatcher;
      const post = new Post(origin, url.slice(origin.length), headers, body ?? null);
      return new Promise((resolve, reject) => {
        pool.dispatch(post, new AnswerHandler(resolve, reject, deadline));
      });
    },
    async close() {
      await (await dispatcher)?.destroy();
      dispatcher = undefined;
    },
  };
}

/** undici takes 80 ms to load: a client that never sends never pays for it. */
async function connect(origin: string, proxied: boolean): Promise<Dispatcher> {
  const { buildConnector, EnvHttpProxyAgent, Pool } = await import("undici");
  const pool = (to: string | URL, options: Pool.Options): Dispatcher => {
    const connector = typeof options.connect === "function" ? options.connect : buildConnector({});
    return new Pool(to, {
      ...options,
      connections: MOST_IN_FLIGHT,
      connect(target, callback) {
        const connecting: unknown = connector(target, callback);
        if (connecting instanceof Socket) unhold(connecting);
      },
    });
  };
  return proxied ? new EnvHttpProxyAgent({ clientFactory: pool }) : pool(origin, {});
}

/** A process stays alive for the calls that somebody awaits, by their timers; a socket must not hold it for the rest. */
function unhold(socket: Socket): void {
  socket.unref();
  socket.ref = () => socket;
}

/** What is asked of the pool. Its time is the deadline's: undici's own limits are off. */
class Post {
  readonly method = "POST";
  readonly headersTimeout = 0;
  readonly bodyTimeout = 0;

  constructor(
    readonly origin: string,
    readonly path: string,
    readonly headers: HttpRequest["headers"],
    readonly body: string | Uint8Array | null,
  ) {}
}

/** Gathers one answer. undici does not heed a deadline while it is connecting: we do. */
class AnswerHandler implements RawAnswer, Dispatcher.DispatchHandler {
  status = 0;
  text = "";
  #headers: IncomingHttpHeaders = {};
  #controller: Dispatcher.DispatchController | undefined;
  readonly #pieces: Uint8Array[] = [];
  #bytes = 0;
  readonly #resolve: (answer: RawAnswer) => void;
  readonly #reject: (error: Error) => void;
  readonly #deadline: Deadline;

  constructor(resolve: (answer: RawAnswer) => void, reject: (error: Error) => void, deadline: Deadline) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#deadline = deadline;
    deadline.onPassed = (reason) => {
      reject(reason);
      this.#controller?.abort(reason);
    };
  }

  header(name: string): string | null {
    const value = this.#headers[name];
    return (Array.isArray(value) ? value[0] : value) ?? null;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#deadline.reason !== undefined) controller.abort(this.#deadline.reason);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes <= limitFor(this.status)) return;
    this.onResponseEnd();
    controller.abort(new Error("The rest of the answer is not wanted."));
  }

  onResponseEnd(): void {
    this.#letGo();
    this.text = textOf(this.#pieces, limitFor(this.status));
    this.#resolve(this);
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#letGo();
    this.#reject(error);
  }

  /** What is done with holds on to nothing: else the garbage of a long sync lives as long as its connection. */
  #letGo(): void {
    this.#controller = undefined;
    this.#deadline.onPassed = undefined;
  }
}

function injected(fetch: Fetch): Http {
  return {
    async send({ url, headers, body }, deadline) {
      const { signal } = deadline;
      const call = fetch(url, {
        method: "POST",
        headers,
        redirect: "manual",
        signal,
        ...(body === undefined ? {} : { body }),
      });
      const response = await orPassed(call, deadline);
      const limitBytes = limitFor(response.status);
      const pieces = response.body === null ? [] : await orPassed(readUpTo(response.body, limitBytes), deadline);
      const header = (name: string): string | null => response.headers.get(name);
      return { status: response.status, header, text: textOf(pieces, limitBytes) };
    },
    async close() {},
  };
}

/** A fetch of the caller's may not heed the signal; the deadline of a call holds all the same. */
function orPassed<Value>(work: Value | Promise<Value>, deadline: Deadline): Promise<Value> {
  return new Promise((resolve, reject) => {
    deadline.onPassed = reject;
    if (deadline.reason !== undefined) reject(deadline.reason);
    Promise.resolve(work).then(resolve, reject);
  });
}

async function readUpTo(body: AsyncIterable<Uint8Array>, limitBytes: number): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop early ends the stream, and with it the rest of the transfer.
  for await (const piece of body) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > limitBytes) break;
  }
  return pieces;
}

function textOf(pieces: readonly Uint8Array[], limitBytes: number): string {
  const [only] = pieces;
  const whole = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
  return TEXT.decode(whole.subarray(0, limitBytes));
}

function limitFor(status: number): number {
  return status >= 200 && status < 300 ? LONGEST_ANSWER_BYTES : LONGEST_ERROR_BYTES;
}
