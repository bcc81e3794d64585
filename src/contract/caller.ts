import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { OperationName } from "../api/routes.js";
import type { Config } from "../config.js";
import { Deadline } from "../http/deadline.js";
import type { Http, HttpRequest } from "../http/http.js";
import { createHttp } from "../http/pool-transport.js";
import { retryAfterMs } from "../http/retry-after.js";
import { backendAt } from "../util/api-path.js";
import { pathOf } from "./api-schema.js";

/** A request of a check. */
export interface CheckRequest {
  readonly operation: OperationName;
  /** The id in the path; empty if the route has none. */
  readonly id: string;
  readonly body: unknown;
  /** Default: the configured key. */
  readonly apiKey?: "wrong" | "none";
  /** Default: a new one. Null: none. */
  readonly idempotencyKey?: string | null;
}

/** A response of the backend. */
export interface ReceivedResponse {
  readonly kind: "response";
  readonly status: number;
  /** The content type, without parameters. */
  readonly contentType: string | undefined;
  readonly location: string | undefined;
  /** The backend's Retry-After, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  readonly text: string;
  /** The parsed body; undefined if it is not JSON. */
  readonly body: unknown;
}

/** The result of a request. */
export type CallResult = ReceivedResponse | NoResponse;

/** There was no complete response. */
export interface NoResponse {
  readonly kind: "no response";
  readonly reason: string;
  /** Whether the request may have reached the backend. */
  readonly mayHaveArrived: boolean;
}

const CLOSED: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);
const INCOMPLETE = "the connection was closed before the response was complete";

/** Failures of an established connection, over which the request may have arrived. */
const AFTER_CONNECTING = /^(ECONNRESET|EPIPE|HPE_|UND_ERR_(?!CONNECT))/;

/** The wait after a 429: the Retry-After, up to a maximum. */
const DEFAULT_WAIT_MS = 1_000;
const MAX_WAIT_MS = 10_000;

/** Sends requests one by one, each with its own deadline. It follows no redirects and retries only a 429, once. */
export class Caller {
  readonly #http: Http;
  readonly #base: string;
  readonly #config: Config;
  readonly #wrongKey = `contract-test-${randomUUID()}`;

  constructor(config: Config) {
    const { origin, routes } = backendAt(config.baseUrl);
    this.#config = config;
    this.#http = createHttp(origin, config);
    this.#base = routes;
  }

  /** Sends a request. Never throws for errors of the network or the backend. */
  async post(call: CheckRequest): Promise<CallResult> {
    const reply = await this.#attempt(call);
    if (reply.kind !== "response" || reply.status !== 429) return reply;
    await sleep(Math.min(reply.retryAfterMs ?? DEFAULT_WAIT_MS, MAX_WAIT_MS));
    return this.#attempt(call);
  }

  async #attempt(call: CheckRequest): Promise<CallResult> {
    const { timeoutMs } = this.#config;
    // Awaited, because sockets do not keep the process alive.
    const deadline = new Deadline(timeoutMs, true, `no response within ${timeoutMs} ms`);
    try {
      const response = await this.#http.send(this.#request(call), deadline);
      const type = response.header("content-type")?.split(";")[0]?.trim().toLowerCase();
      return {
        kind: "response",
        status: response.status,
        contentType: type === "" ? undefined : type,
        location: response.header("location") ?? undefined,
        retryAfterMs: retryAfterMs(response.header("retry-after")),
        text: response.text,
        body: parsed(response.text),
      };
    } catch (error) {
      return noResponseOf(deadline.reason ?? error);
    } finally {
      deadline.clear();
    }
  }

  /** Closes the connections. */
  close(): Promise<void> {
    return this.#http.close();
  }

  #request({ operation, id, body, apiKey, idempotencyKey = randomUUID() }: CheckRequest): HttpRequest {
    const key = apiKey === "wrong" ? this.#wrongKey : this.#config.apiKey;
    const headers = {
      "content-type": "application/json",
      ...(apiKey === "none" || key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(idempotencyKey === null ? {} : { "idempotency-key": idempotencyKey }),
    };
    return { url: `${this.#base}${pathOf(operation, id)}`, headers, body: JSON.stringify(body) };
  }
}

function noResponseOf(error: unknown): NoResponse {
  if (!(error instanceof Error)) return { kind: "no response", reason: String(error), mayHaveArrived: true };
  // Node puts the details of a failed connection into the cause, or only into the code.
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  if (CLOSED.has(code)) return { kind: "no response", reason: INCOMPLETE, mayHaveArrived: true };
  const reason = code === "" || cause.message.includes(code) ? cause.message || cause.name : `${code} ${cause.message}`;
  return { kind: "no response", reason: reason.trim(), mayHaveArrived: code === "" || AFTER_CONNECTING.test(code) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
