import type { IncomingMessage } from "node:http";
import { API_PATH } from "../util/api-path.js";
import type { Failure } from "./failures.js";

/** What becomes of a request: an answer, silence, a reset connection, or a caller that went away before any of these. */
export type Fate = "answered" | "hung" | "reset" | "gone";

/** A request as it arrived, and what became of it. */
export interface RecordedRequest {
  /** POST, unless the caller mistook the route. */
  readonly method: string;
  /** The path without `/api/dashboard/api`; whole where it does not begin with that. */
  readonly path: string;
  /** The headers in lower case, without `authorization`. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The body: parsed where it is JSON, else its text; undefined where there was none, or more than `maxBodyBytes`. */
  readonly body: unknown;
  /** The Idempotency-Key, if one was sent. */
  readonly idempotencyKey?: string;
  /** The status of the answer; absent as long as (or where) none was sent. */
  readonly status?: number;
  /** Whether this request wrote something. False for a repeat that was answered from the first. */
  readonly committed: boolean;
  /** Whether it repeats, under its key, a write that was done before. */
  readonly repeated: boolean;
  /** The failure of `failNext` that it met, if it met one. */
  readonly failure?: Failure;
  /** What became of it; absent as long as that is open. */
  readonly fate?: Fate;
  /** How long that took from the arrival of its head, in milliseconds; absent as long as `fate` is. */
  readonly durationMs?: number;
}

/** A record that is still being filled in. */
export type OpenRecord = { -readonly [Field in keyof RecordedRequest]: RecordedRequest[Field] };

/** The record of a request of which only the head is known. */
export function openRecord(request: IncomingMessage): OpenRecord {
  const { authorization: _secret, ...headers } = request.headers;
  const url = request.url ?? "";
  const path = url.startsWith(`${API_PATH}/`) ? url.slice(API_PATH.length) : url;
  const fresh = { body: undefined, committed: false, repeated: false };
  const record: OpenRecord = { method: request.method ?? "", path, headers, ...fresh };
  const key = headers["idempotency-key"];
  if (key !== undefined) record.idempotencyKey = String(key);
  return record;
}
