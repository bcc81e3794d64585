import type { FailedRequest } from "../errors.js";
import { type Redact, redactedJson } from "./redaction.js";
import type { RawResponse } from "./response.js";
import type { ResponseCheck } from "./response-schema.js";
import { contentOf, oneLine, parsedJson, reasonOf } from "./response-text.js";
import { retryAfterMs } from "./retry-after.js";

/** The outcome of one attempt at a write. */
export type Outcome =
  /** A 2xx response that matches the schema. */
  | { readonly kind: "delivered"; readonly body: unknown }
  /** The backend does not accept the write. */
  | { readonly kind: "rejected"; readonly failure: FailedRequest }
  /** The backend may accept the write with another key or at another address, or an intermediary blocks it. */
  | { readonly kind: "blocked"; readonly failure: FailedRequest }
  /** The write may not have arrived: it is retried. */
  | Unavailable;

/** The backend could not be reached, or did not give a usable response. */
export interface Unavailable {
  readonly kind: "unavailable";
  /** The reason in one line. */
  readonly reason: string;
  /**
   * `connection`: the connection failed. `timeout`: the deadline passed. `response`: an unusable status or body.
   * `client`: an error of this process, such as a dependency that cannot be loaded.
   */
  readonly evidence: "connection" | "timeout" | "response" | "client";
  /** The HTTP status, if there was a response. */
  readonly status?: number;
  /** The backend's Retry-After in milliseconds, unbounded. */
  readonly retryAfterMs?: number;
  /** The connection was closed while a large body was being written, so no server has received a complete request. */
  readonly isUploadCut?: boolean;
}

/** What is needed to classify a response. */
export interface Expected {
  /** The route, such as `/sdk/runs/{run_id}/`. */
  readonly path: string;
  /** The ids in it. */
  readonly ids: Readonly<Record<string, string>> | undefined;
  /** Checks the body of a 2xx response; undefined accepts any text. */
  readonly check: ResponseCheck | undefined;
  readonly redact: Redact;
  /** The URL of the proxy, for messages. */
  readonly proxy: string | undefined;
}

const UNAVAILABLE: ReadonlySet<number> = new Set([408, 425, 429]);
const KEY_REJECTED: ReadonlySet<number> = new Set([401, 403]);
/** Statuses that come from an intermediary, not from the backend. */
const BY_INTERMEDIARY: ReadonlyMap<number, string> = new Map([
  [
    407,
    "requires a user and a password. Set them in the proxy variable, such as HTTP_PROXY=http://user:password@host:3128",
  ],
  [421, "does not serve this address. Set baseUrl (EVSYS_API_URL) to the right address"],
]);

/** Classifies a response. */
export function outcomeOf(response: RawResponse, expected: Expected): Outcome {
  const { status } = response;
  if (status >= 200 && status < 300) return outcomeOf2xx(response, expected);
  if (status >= 300 && status < 400 && status !== 304) return blockedByRedirect(response, expected);
  if (status < 400 || status >= 500 || UNAVAILABLE.has(status)) return unavailable(response, expected);
  if (BY_INTERMEDIARY.has(status)) return blockedByIntermediary(status, expected, response);
  const failure = failureOf(response, expected);
  return KEY_REJECTED.has(status)
    ? { kind: "blocked", failure: { ...failure, pending: true } }
    : { kind: "rejected", failure };
}

/** The outcome of a status that concerns an intermediary rather than the write. */
export function blockedByIntermediary(status: number, expected: Expected, response?: RawResponse): Outcome {
  const { proxy } = expected;
  const who = proxy === undefined ? "a proxy or gateway in front of the backend" : `the proxy ${proxy}`;
  const reason = `${who} ${BY_INTERMEDIARY.get(status)}`;
  const known =
    response === undefined ? { status, body: undefined, path: calledPath(expected) } : failureOf(response, expected);
  return { kind: "blocked", failure: { ...known, pending: true, reason } };
}

function outcomeOf2xx(response: RawResponse, { check }: Expected): Outcome {
  const { status, text, unreadable } = response;
  const body = unreadable === undefined ? parsedJson(text) : undefined;
  if (check === undefined && unreadable === undefined) {
    return { kind: "delivered", body: body === undefined ? { _raw: text } : body };
  }
  if (check === undefined || body === undefined)
    return unusable(status, `HTTP ${status} with ${contentOf(response)} instead of JSON`);
  const checked = check(body, text, status);
  if ("body" in checked) return { kind: "delivered", body: checked.body };
  return unusable(status, checked.reason);
}

function unusable(status: number, reason: string): Unavailable {
  return { kind: "unavailable", reason, evidence: "response", status };
}

function blockedByRedirect(response: RawResponse, expected: Expected): Outcome {
  const target = response.header("location");
  const where = target === null ? "without a Location header" : `to ${oneLine(expected.redact(target))}`;
  const reason = `the backend redirects ${where}; redirects are not followed, because they would forward the API key. Set baseUrl (EVSYS_API_URL) to the right address`;
  return { kind: "blocked", failure: { ...failureOf(response, expected), body: undefined, pending: true, reason } };
}

function unavailable(response: RawResponse, { redact }: Expected): Outcome {
  const { status } = response;
  const waitMs = retryAfterMs(response.header("retry-after"));
  const message = reasonOf(bodyOf(response, redact));
  const network = status === 511 ? "the network requires you to log in" : "";
  const reason = [`HTTP ${status}`, network, message].filter((part) => part !== "").join(": ");
  return { ...unusable(status, reason), ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) };
}

function failureOf(response: RawResponse, expected: Expected): FailedRequest {
  const { redact } = expected;
  const path = calledPath(expected);
  const body = bodyOf(response, redact);
  const requestId = oneLine(redact(response.header("x-request-id") ?? ""));
  const { status } = response;
  return { status, body, path, pending: false, reason: reasonOf(body), ...(requestId && { requestId }) };
}

/** The route with its ids filled in. */
function calledPath({ path, ids = {} }: Expected): string {
  return path.replace(/\{(\w+)\}/g, (whole, name: string) =>
    ids[name] === undefined ? whole : encodeURIComponent(ids[name]),
  );
}

function bodyOf({ text }: RawResponse, redact: Redact): unknown {
  const body = parsedJson(text);
  return body === undefined ? redact(text) : redactedJson(body, redact);
}
