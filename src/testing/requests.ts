import type { IncomingMessage } from "node:http";
import { API_PATH } from "../util/api-path.js";
import type { Failure } from "./failures.js";

/** How a request ended: with a response, without one, by a reset, or because its caller closed the connection first. */
export type RequestEnd = "responded" | "hung" | "reset" | "disconnected";

/** A request as it arrived, and how it ended. */
export interface RecordedRequest {
  /** POST for all routes of the backend. */
  readonly method: string;
  /** The path without `/api/dashboard/api`; the whole path if it does not start with that. */
  readonly path: string;
  /** The headers in lower case, without `authorization`. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The body: parsed if it is JSON, else its text; undefined if there was none or it exceeded `maxBodyBytes`. */
  readonly body: unknown;
  /** The Idempotency-Key, if one was sent. */
  readonly idempotencyKey?: string;
  /** The status of the response; absent until one was sent. */
  readonly status?: number;
  /** Whether this request wrote something. False for a repeat, which gets the first response. */
  readonly committed: boolean;
  /** Whether it repeated an earlier write with the same key. */
  readonly repeated: boolean;
  /** The failure of `failNext` that applied to it, if any. */
  readonly failure?: Failure;
  /** How it ended; absent until then. */
  readonly end?: RequestEnd;
  /** Time from the arrival of its headers to its end, in milliseconds; absent until then. */
  readonly durationMs?: number;
}

/** A record that is still being filled in. */
export type OpenRecord = { -readonly [Field in keyof RecordedRequest]: RecordedRequest[Field] };

/** Creates the record of a request whose headers have arrived. */
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
