import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { OperationName } from "../api/routes.js";
import type { Config } from "../config.js";
import { Deadline } from "../http/deadline.js";
import { createHttp, type Http, type HttpRequest } from "../http/http.js";
import { retryAfterMs } from "../http/retry-after.js";
import { backendAt } from "../util/api-path.js";
import { pathOf } from "./document.js";

/** A request of a check. */
export interface Call {
  readonly operation: OperationName;
  /** The id in the path; empty where the route has none. */
  readonly id: string;
  readonly body: unknown;
  /** Default: the one that was given. */
  readonly apiKey?: "wrong" | "none";
  /** Default: a new one. Null: none. */
  readonly idempotencyKey?: string | null;
}

/** An answer as it came. */
export interface Answered {
  readonly kind: "answer";
  readonly status: number;
  /** The kind of content, without parameters. */
  readonly contentType: string | undefined;
  readonly location: string | undefined;
  /** How long the backend asks to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  readonly text: string;
  /** The JSON of the answer; undefined where it is none. */
  readonly body: unknown;
}

/** What came of a request. */
export type Reply = Answered | Silence;

/** No whole answer came. */
export interface Silence {
  readonly kind: "silence";
  readonly reason: string;
  /** Whether the request may have reached the backend. */
  readonly mayHaveArrived: boolean;
}

const CLOSED: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);
const CUT = "the connection was closed before the answer was complete";

/** Failures of a connection that was there; without one nothing arrives. */
const AFTER_CONNECTING = /^(ECONNRESET|EPIPE|HPE_|UND_ERR_(?!CONNECT))/;

/** How long to wait where a backend limits the rate: as long as it asks for, but not for ever. */
const USUAL_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 10_000;

/** Sends requests one by one, each with its own deadline. It follows no redirect; only a 429 is tried again, once. */
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

  /** Sends a request. What the network or the backend does never makes it throw. */
  async post(call: Call): Promise<Reply> {
    const reply = await this.#attempt(call);
    if (reply.kind !== "answer" || reply.status !== 429) return reply;
    await sleep(Math.min(reply.retryAfterMs ?? USUAL_WAIT_MS, LONGEST_WAIT_MS));
    return this.#attempt(call);
  }

  async #attempt(call: Call): Promise<Reply> {
    const { timeoutMs } = this.#config;
    // Awaited: a socket does not hold the process, so nothing else would while we wait.
    const deadline = new Deadline(timeoutMs, true, `no answer within ${timeoutMs} ms`);
    try {
      const answer = await this.#http.send(this.#request(call), deadline);
      const type = answer.header("content-type")?.split(";")[0]?.trim().toLowerCase();
      return {
        kind: "answer",
        status: answer.status,
        contentType: type === "" ? undefined : type,
        location: answer.header("location") ?? undefined,
        retryAfterMs: retryAfterMs(answer.header("retry-after")),
        text: answer.text,
        body: parsed(answer.text),
      };
    } catch (error) {
      return silenceOf(deadline.reason ?? error);
    } finally {
      deadline.clear();
    }
  }

  /** Ends the connections. */
  close(): Promise<void> {
    return this.#http.close();
  }

  #request({ operation, id, body, apiKey, idempotencyKey = randomUUID() }: Call): HttpRequest {
    const key = apiKey === "wrong" ? this.#wrongKey : this.#config.apiKey;
    const headers = {
      "content-type": "application/json",
      ...(apiKey === "none" || key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(idempotencyKey === null ? {} : { "idempotency-key": idempotencyKey }),
    };
    return { url: `${this.#base}${pathOf(operation, id)}`, headers, body: JSON.stringify(body) };
  }
}

function silenceOf(error: unknown): Silence {
  if (!(error instanceof Error)) return { kind: "silence", reason: String(error), mayHaveArrived: true };
  // Node keeps the telling part of a failed connection in the cause, or in the code alone.
  const told = error.cause instanceof Error ? error.cause : error;
  const code = "code" in told && typeof told.code === "string" ? told.code : "";
  if (CLOSED.has(code)) return { kind: "silence", reason: CUT, mayHaveArrived: true };
  const reason = code === "" || told.message.includes(code) ? told.message || told.name : `${code} ${told.message}`;
  return { kind: "silence", reason: reason.trim(), mayHaveArrived: code === "" || AFTER_CONNECTING.test(code) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
