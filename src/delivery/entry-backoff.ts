import type { Unavailable } from "../http/outcome.js";
import { CONFLICT } from "./attempt.js";
import { backoffMs } from "./backoff.js";
import { type BackendConnection, MAX_PAUSE_MS } from "./connection.js";
import type { Entry } from "./entry.js";

const MAX_BACKOFF_MS = 60_000;

/** Records why an entry failed. Returns the backoff before its next attempt, in milliseconds. */
export function noteFailure(connection: BackendConnection, entry: Entry, outcome: Unavailable): number {
  entry.reason = outcome.reason;
  entry.conflicts = outcome.status === CONFLICT ? entry.conflicts + 1 : 0;
  // An entry that failed with the backend is sent first when it is back; one that failed alone waits for its backoff.
  const isAlone = connection.isUp || outcome.evidence === "response";
  return isAlone ? backoffOf(entry, outcome.retryAfterMs) : 0;
}

/** The backoff of a failed entry before its next attempt, in milliseconds. */
export function backoffOf({ attempts }: Entry, retryAfterMs = 0): number {
  return Math.max(Math.min(retryAfterMs, MAX_PAUSE_MS), backoffMs(attempts + 1, MAX_BACKOFF_MS));
}
