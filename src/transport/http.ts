import type { IncomingHttpHeaders } from "node:http";
import { Socket } from "node:net";
import type { Dispatcher, Pool } from "undici";
import type { Config, Fetch } from "../config.js";
import type { Deadline } from "./deadline.js";

/** Anything beyond this is no answer of the SDK's routes. */
const LONGEST_ANSWER_BYTES = 16 * 1024 * 1024;
/** An error is read as far as it is useful to show. */
const LONGEST_ERROR_BYTES = 64 * 1024;
const CONNECTIONS = 128;
/** Takes a byte order mark for what it is, as any fetch does. */
const TEXT = new TextDecoder();

/** One POST. */
export interface HttpRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

/** The part of the standard `Response` that openapi-fetch uses, with a body that has been read already. */
export interface LightResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

/** Sends requests; closing it ends its connections. */
export interface Http {
  send(request: HttpRequest, deadline: Deadline): Promise<LightResponse>;
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
      const request = { origin, path: url.slice(origin.length), method: "POST", headers, body: body ?? null } as const;
      return new Promise((resolve, reject) => {
        pool.dispatch({ ...request, headersTimeout: 0, bodyTimeout: 0 }, answerHandler(resolve, reject, deadline));
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
      connections: CONNECTIONS,
      connect(target, callback) {
        const connecting: unknown = connector(target, callback);
        if (connecting instanceof Socket) letGo(connecting);
      },
    });
  };
  return proxied ? new EnvHttpProxyAgent({ clientFactory: pool }) : pool(origin, {});
}

/** A process stays alive for the calls that somebody awaits, by their timers; a socket must not hold it for the rest. */
function letGo(socket: Socket): void {
  socket.unref();
  socket.ref = () => socket;
}

/** Gathers one answer. undici does not heed a deadline while it is connecting: we do. */
function answerHandler(
  resolve: (answer: LightResponse) => void,
  reject: (error: Error) => void,
  deadline: Deadline,
): Dispatcher.DispatchHandler {
  let controller: Dispatcher.DispatchController | undefined;
  let status = 0;
  let headers: IncomingHttpHeaders = {};
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const header = (name: string): string | null => {
    const value = headers[name];
    return (Array.isArray(value) ? value[0] : value) ?? null;
  };
  const finish = (): void => resolve(lightResponse(status, header, textOf(pieces, limitFor(status))));
  deadline.onPassed = (reason) => {
    reject(reason);
    controller?.abort(reason);
  };
  return {
    onRequestStart(started) {
      controller = started;
      if (deadline.reason !== undefined) started.abort(deadline.reason);
    },
    onResponseStart(_, statusCode, received) {
      [status, headers] = [statusCode, received];
    },
    onResponseData(transfer, piece) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes <= limitFor(status)) return;
      finish();
      transfer.abort(new Error("The rest of the answer is not wanted."));
    },
    onResponseEnd: finish,
    onResponseError: (_, error) => reject(error),
  };
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
      return lightResponse(response.status, (name) => response.headers.get(name), textOf(pieces, limitBytes));
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

function lightResponse(status: number, header: (name: string) => string | null, text: string): LightResponse {
  const get = (name: string): string | null => header(name.toLowerCase());
  return { ok: status >= 200 && status < 300, status, headers: { get }, text: () => Promise.resolve(text) };
}
