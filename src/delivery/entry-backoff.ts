import type { Unavailable } from "../http/outcome.js";
import { CONFLICT } from "./attempt.js";
import { backoffMs } from "./backoff.js";
import { type BackendConnection, LONGEST_REST_MS } from "./connection.js";
import type { Entry } from "./entry.js";

const LONGEST_BACKOFF_MS = 60_000;

/** Notes why an entry failed, and returns how long it waits for its next attempt, in milliseconds. */
export function noteFailure(connection: BackendConnection, entry: Entry, outcome: Unavailable): number {
  entry.reason = outcome.reason;
  entry.conflicts = outcome.status === CONFLICT ? entry.conflicts + 1 : 0;
  // What failed with the backend goes first when it is back; what failed alone waits for its own turn.
  const isAlone = connection.isUp || outcome.evidence === "response";
  return isAlone ? backoffOf(entry, outcome.retryAfterMs) : 0;
}

/** How long an entry that failed waits for its next attempt, in milliseconds. */
export function backoffOf({ attempts }: Entry, retryAfterMs = 0): number {
  return Math.max(Math.min(retryAfterMs, LONGEST_REST_MS), backoffMs(attempts + 1, LONGEST_BACKOFF_MS));
}
