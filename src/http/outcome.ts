import type { FailedRequest } from "../errors.js";
import { type Redact, redactedJson } from "./redaction.js";
import type { RawResponse } from "./response.js";
import type { ResponseCheck } from "./response-schema.js";
import { retryAfterMs } from "./retry-after.js";
import { contentOf, oneLine, parsedJson, reasonOf } from "./words.js";

/** What became of one attempt at a write. */
export type Outcome =
  /** A 2xx response that matches the schema. */
  | { readonly kind: "delivered"; readonly body: unknown }
  /** The backend does not accept this write. */
  | { readonly kind: "rejected"; readonly failure: FailedRequest }
  /** The backend may accept this write with another key or at another address, or something on the way there stops it. */
  | { readonly kind: "blocked"; readonly failure: FailedRequest }
  /** Nothing is known to have arrived: try again later. */
  | Unavailable;

/** Nothing is known to have arrived. */
export interface Unavailable {
  readonly kind: "unavailable";
  /** In words, on one line. */
  readonly reason: string;
  /**
   * `connection`: there was no connection, or it broke. `timeout`: the deadline passed. `response`: a status or a body.
   * `client`: an error of this process, such as a dependency that cannot be loaded.
   */
  readonly evidence: "connection" | "timeout" | "response" | "client";
  /** The HTTP status, if a response came. */
  readonly status?: number;
  /** How long the backend asks to wait, in milliseconds, however long that is. */
  readonly retryAfterMs?: number;
  /** The connection was closed while a large body was being written: no server has taken it for whole. */
  readonly isUploadCut?: boolean;
}

/** What a response is compared with. */
export interface Expected {
  /** The route, such as `/sdk/runs/{run_id}/`. */
  readonly path: string;
  /** The ids in it. */
  readonly ids: Readonly<Record<string, string>> | undefined;
  /** Checks the body of a 2xx response; undefined if any text will do. */
  readonly check: ResponseCheck | undefined;
  readonly redact: Redact;
  /** The proxy on the way, for messages. */
  readonly proxy: string | undefined;
}

const UNAVAILABLE: ReadonlySet<number> = new Set([408, 425, 429]);
const KEY_REFUSED: ReadonlySet<number> = new Set([401, 403]);
/** What only something between here and the backend says. */
const BY_INTERMEDIARY: ReadonlyMap<number, string> = new Map([
  [
    407,
    "asks for a user and a password. Set them in the variable of the proxy, such as HTTP_PROXY=http://user:password@host:3128",
  ],
  [421, "does not serve this address. Set baseUrl (EVSYS_API_URL) to the right address"],
]);

/** Classifies a response. */
export function outcomeOf(response: RawResponse, expected: Expected): Outcome {
  const { status } = response;
  if (status >= 200 && status < 300) return outcomeOf2xx(response, expected);
  if (status >= 300 && status < 400 && status !== 304) return blockedByRedirect(response, expected);
  if (status < 400 || status >= 500 || UNAVAILABLE.has(status)) return unavailable(response, expected);
  if (BY_INTERMEDIARY.has(status)) return blockedOnTheWay(status, expected, response);
  const failure = failureOf(response, expected);
  return KEY_REFUSED.has(status)
    ? { kind: "blocked", failure: { ...failure, pending: true } }
    : { kind: "rejected", failure };
}

/** The outcome of a status that says nothing about the write, but about the way to the backend. */
export function blockedOnTheWay(status: number, expected: Expected, response?: RawResponse): Outcome {
  const { proxy, redact } = expected;
  const path = calledPath(expected);
  const who = proxy === undefined ? "a proxy or gateway on the way to the backend" : `the proxy ${proxy}`;
  const reason = `${who} ${BY_INTERMEDIARY.get(status)}`;
  const requestId = response === undefined ? undefined : requestIdOf(response, redact);
  const body = response === undefined ? undefined : bodyOf(response, redact);
  return { kind: "blocked", failure: { status, body, path, pending: true, reason, ...(requestId && { requestId }) } };
}

function outcomeOf2xx(response: RawResponse, { check }: Expected): Outcome {
  const { status, text, unreadable } = response;
  const body = unreadable === undefined ? parsedJson(text) : undefined;
  if (check === undefined && unreadable === undefined) {
    return { kind: "delivered", body: body === undefined ? { _raw: text } : body };
  }
  if (check === undefined || body === undefined)
    return unusable(status, `HTTP ${status} with ${contentOf(response)} in place of JSON`);
  const checked = check(body, text, status);
  if ("body" in checked) return { kind: "delivered", body: checked.body };
  return unusable(status, checked.reason);
}

function unusable(status: number, reason: string): Outcome {
  return { kind: "unavailable", reason, evidence: "response", status };
}

function blockedByRedirect(response: RawResponse, expected: Expected): Outcome {
  const { redact } = expected;
  const { status } = response;
  const target = response.header("location");
  const where = target === null ? "without naming a target" : `to ${oneLine(redact(target))}`;
  const reason = `the backend redirects ${where}; redirects are not followed, because they would carry the key along. Set baseUrl (EVSYS_API_URL) to the right address`;
  const requestId = requestIdOf(response, redact);
  return {
    kind: "blocked",
    failure: {
      status,
      body: undefined,
      path: calledPath(expected),
      pending: true,
      reason,
      ...(requestId && { requestId }),
    },
  };
}

function unavailable(response: RawResponse, { redact }: Expected): Outcome {
  const { status } = response;
  const waitMs = retryAfterMs(response.header("retry-after"));
  const words = reasonOf(bodyOf(response, redact));
  const network = status === 511 ? "a network on the way to the backend asks you to log in" : "";
  const reason = [`HTTP ${status}`, network, words].filter((part) => part !== "").join(": ");
  return {
    kind: "unavailable",
    reason,
    evidence: "response",
    status,
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  };
}

function failureOf(response: RawResponse, expected: Expected): FailedRequest {
  const { redact } = expected;
  const path = calledPath(expected);
  const body = bodyOf(response, redact);
  const requestId = requestIdOf(response, redact);
  const { status } = response;
  return { status, body, path, pending: false, reason: reasonOf(body), ...(requestId && { requestId }) };
}

/** The route as it was called. */
function calledPath({ path, ids = {} }: Expected): string {
  return path.replace(/\{(\w+)\}/g, (whole, name: string) =>
    ids[name] === undefined ? whole : encodeURIComponent(ids[name]),
  );
}

function bodyOf({ text }: RawResponse, redact: Redact): unknown {
  const body = parsedJson(text);
  return body === undefined ? redact(text) : redactedJson(body, redact);
}

/** The name that the backend gave to the request; undefined if it gave none. */
function requestIdOf(response: RawResponse, redact: Redact): string | undefined {
  return oneLine(redact(response.header("x-request-id") ?? "")) || undefined;
}
