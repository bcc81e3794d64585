import { Socket } from "node:net";
import type { Dispatcher, Pool } from "undici";
import type { Config, Fetch } from "../config.js";

/** Anything beyond this is no answer of the SDK's routes. */
const LONGEST_ANSWER_BYTES = 16 * 1024 * 1024;
/** An error is read as far as it is useful to show. */
const LONGEST_ERROR_BYTES = 64 * 1024;
const CONNECTIONS = 128;

/** What a request of ours is made of; the part of the standard `Request` that openapi-fetch and the senders here use. */
export class LightRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | Uint8Array | undefined;
  readonly signal: AbortSignal;

  constructor(
    url: string,
    init: { method: string; headers: Headers; body?: string | Uint8Array; signal: AbortSignal },
  ) {
    this.url = url;
    this.method = init.method;
    this.headers = init.headers;
    this.body = init.body;
    this.signal = init.signal;
  }
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
  send(request: LightRequest): Promise<LightResponse>;
  close(): Promise<void>;
}

/** The caller's fetch where there is one, else a connection pool of undici. */
export function createHttp(origin: string, { fetch, proxied }: Config): Http {
  return fetch === undefined ? pooled(origin, proxied) : injected(fetch);
}

function pooled(origin: string, proxied: boolean): Http {
  let dispatcher: Promise<Dispatcher> | undefined;
  return {
    async send({ url, headers, body, signal }) {
      dispatcher ??= connect(origin, proxied);
      const pool = await dispatcher;
      // undici does not heed the signal while it is still connecting.
      const answer = await orAborted(
        pool.request({
          origin,
          path: url.slice(origin.length),
          method: "POST",
          headers: Object.fromEntries(headers),
          body: body ?? null,
          signal,
          headersTimeout: 0,
          bodyTimeout: 0,
        }),
        signal,
      );
      const one = (name: string): string | null => {
        const value = answer.headers[name];
        return (Array.isArray(value) ? value[0] : value) ?? null;
      };
      return lightResponse(answer.statusCode, one, await readUpTo(answer.body, limitFor(answer.statusCode)));
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

function injected(fetch: Fetch): Http {
  return {
    async send({ url, method, headers, body, signal }) {
      const call = fetch(url, { method, headers, redirect: "manual", signal, ...(body === undefined ? {} : { body }) });
      const response = await orAborted(call, signal);
      const bytes = response.body === null ? "" : readUpTo(response.body, limitFor(response.status));
      return lightResponse(response.status, (name) => response.headers.get(name), await orAborted(bytes, signal));
    },
    async close() {},
  };
}

/** A fetch of the caller's may not heed the signal; the deadline of a call holds all the same. */
function orAborted<Value>(work: Value | Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", abort));
  });
}

async function readUpTo(body: AsyncIterable<Uint8Array>, limitBytes: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop early ends the stream, and with it the rest of the transfer.
  for await (const piece of body) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > limitBytes) break;
  }
  return Buffer.concat(pieces).subarray(0, limitBytes).toString("utf8");
}

function limitFor(status: number): number {
  return status >= 200 && status < 300 ? LONGEST_ANSWER_BYTES : LONGEST_ERROR_BYTES;
}

function lightResponse(status: number, header: (name: string) => string | null, text: string): LightResponse {
  const get = (name: string): string | null => header(name.toLowerCase());
  return { ok: status >= 200 && status < 300, status, headers: { get }, text: () => Promise.resolve(text) };
}
