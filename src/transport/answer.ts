import type * as z from "zod";
import type { FailedRequest } from "../errors.js";
import { retryAfterMs } from "./retry-after.js";

/** How the delivery goes on after an answer. */
export type Answer =
  /** A 2xx that carries what the document promises. */
  | { readonly kind: "delivered"; readonly body: unknown }
  /** The backend does not want this write. */
  | { readonly kind: "refused"; readonly failure: FailedRequest }
  /** The backend would want it, but not from this key or not at this address. */
  | { readonly kind: "blocked"; readonly failure: FailedRequest }
  /** Nothing is known to have arrived: try again later. */
  | { readonly kind: "away"; readonly reason: string; readonly retryAfterMs?: number };

/** What came over the wire, before anything is made of it. */
export interface RawAnswer {
  readonly status: number;
  readonly header: (name: string) => string | null;
  readonly text: string;
}

/** What an answer is held against. */
export interface Expectation {
  /** The route as it was called, for messages. */
  readonly path: string;
  /** What the document promises; undefined where any text will do. */
  readonly promised: z.ZodType | undefined;
  /** Removes the API key from what is shown. */
  readonly redact: (text: string) => string;
}

const LONGEST_REASON = 200;
const DEEPEST_SHOWN = 100;
const AWAY = new Set([408, 425, 429]);
const BLOCKED = new Set([401, 403]);

/** Sorts an answer into the four. */
export function sorted(raw: RawAnswer, expected: Expectation): Answer {
  const { status } = raw;
  if (status >= 200 && status < 300) return promiseKept(raw, expected);
  if (status >= 300 && status < 400) return redirected(raw, expected);
  if (status < 400 || status >= 500 || AWAY.has(status)) {
    const wait = retryAfterMs(raw.header("retry-after"));
    const reason = `HTTP ${status}${withColon(reasonOf(bodyOf(raw, expected)))}`;
    return { kind: "away", reason, ...(wait === undefined ? {} : { retryAfterMs: wait }) };
  }
  const body = bodyOf(raw, expected);
  const pending = BLOCKED.has(status);
  const failure = { status, body, path: expected.path, pending, reason: reasonOf(body) };
  return { kind: pending ? "blocked" : "refused", failure };
}

function promiseKept(raw: RawAnswer, { promised }: Expectation): Answer {
  const body = parsed(raw.text);
  if (promised === undefined) return { kind: "delivered", body: body === undefined ? { _raw: raw.text } : body };
  if (body === undefined) return { kind: "away", reason: `HTTP ${raw.status} with ${described(raw)} in place of JSON` };
  const result = promised.safeParse(body);
  if (result.success) return { kind: "delivered", body: result.data };
  const [issue] = result.error.issues;
  const field = issue?.path.join(".") || "the answer";
  return {
    kind: "away",
    reason: `HTTP ${raw.status} without what the document promises (${field}: ${issue?.message})`,
  };
}

function redirected(raw: RawAnswer, { path, redact }: Expectation): Answer {
  const target = raw.header("location");
  const where = target === null ? "without naming a target" : `to ${redact(target).slice(0, LONGEST_REASON)}`;
  const reason = `the backend redirects ${where}; redirects are not followed, because they would carry the key along. Set baseUrl (EVSYS_API_URL) to the right address`;
  return { kind: "blocked", failure: { status: raw.status, body: undefined, path, pending: true, reason } };
}

function described({ text, header }: RawAnswer): string {
  if (text.trim() === "") return "an empty body";
  const type = header("content-type")?.split(";")[0];
  return type === undefined || /json/i.test(type) ? "text" : type;
}

function bodyOf(raw: RawAnswer, { redact }: Expectation): unknown {
  const body = parsed(raw.text);
  // Redacted after parsing: a short key may be part of the JSON's own words.
  return body === undefined ? redact(raw.text) : redactedDeep(body, redact);
}

/** What lies too deep is left out: an answer of nothing but brackets must not exhaust the stack of whoever looks at it. */
function redactedDeep(value: unknown, redact: (text: string) => string, left = DEEPEST_SHOWN): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value !== "object" || value === null) return value;
  if (left === 0) return "…";
  if (Array.isArray(value)) return value.map((item) => redactedDeep(item, redact, left - 1));
  const entries = Object.entries(value).map(([key, item]) => [redact(key), redactedDeep(item, redact, left - 1)]);
  return Object.fromEntries(entries);
}

/** What the backend said, in words, at most 200 characters of it. */
function reasonOf(body: unknown): string {
  const words = typeof body === "object" && body !== null ? spokenField(body) : body;
  const text = typeof words === "string" ? words : words === undefined ? "" : JSON.stringify(words);
  const line = text.replace(/[\p{Cc}\s]+/gu, " ").trim();
  return line.length > LONGEST_REASON ? `${line.slice(0, LONGEST_REASON - 1)}…` : line;
}

function spokenField(body: object): unknown {
  for (const name of ["detail", "error", "message"]) {
    const said: unknown = Reflect.get(body, name);
    if (said !== undefined && said !== null) return said;
  }
  return body;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function withColon(reason: string): string {
  return reason === "" ? "" : `: ${reason}`;
}
