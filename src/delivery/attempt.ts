import type { OperationName } from "../api/routes.js";
import { Deadline } from "../http/deadline.js";
import type { Outcome, Unavailable } from "../http/outcome.js";
import { now } from "../util/clock.js";
import { backoffMs } from "./backoff.js";
import type { BackendConnection } from "./connection.js";

export const CONFLICT = 409;
const TOO_MANY_REQUESTS = 429;

/** One write as it goes over the wire. */
export interface OutgoingRequest {
  readonly name: OperationName;
  /** The ids in the path. */
  readonly ids: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
  /** Names the write; the same on every attempt. */
  readonly key: string;
}

/** How often and how long one write is tried. */
export interface RetryPolicy {
  /** How often it is tried again. */
  readonly maxRetries: number;
  /** How long it may take, waits included, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether somebody waits for it: a process does not stay alive for what nobody waits for. */
  readonly isAwaited: boolean;
  /** Whether its time starts again with each progress of a large upload: for what no call waits for. */
  readonly isExtendable: boolean;
  /** Whether it was tried before: a conflict may then be with its own first attempt. */
  readonly isRepeat: boolean;
}

/**
 * Sends a write until the backend answers or the policy ends. Every attempt has the same key, so that a backend which
 * honours it writes once however many responses are lost. A wait that would outlast the deadline is not begun.
 */
export async function sendWrite(
  connection: BackendConnection,
  { name, ids, body, key }: OutgoingRequest,
  policy: RetryPolicy,
): Promise<Outcome> {
  const send = (deadline: Deadline) => connection.http.send(name, ids, body, key, deadline);
  const { outcome, begunAt } = await withRetries(connection, policy, send, () => true);
  connection.observe(outcome, key, begunAt);
  return outcome;
}

/**
 * Sends a request of the user's own. Its outcome says nothing of the backend's health; only the Retry-After of a 429 is meant
 * for the client as a whole.
 */
export async function sendPost(
  connection: BackendConnection,
  path: string,
  body: string | undefined,
  key: string,
  policy: RetryPolicy,
): Promise<Outcome> {
  const send = (deadline: Deadline) => connection.http.post(path, body, deadline, key);
  const { outcome } = await withRetries(connection, policy, send, ({ status }) => status === TOO_MANY_REQUESTS);
  return outcome;
}

async function withRetries(
  connection: BackendConnection,
  policy: RetryPolicy,
  send: (deadline: Deadline) => Promise<Outcome>,
  asksAllToWait: (outcome: Unavailable) => boolean,
): Promise<{ readonly outcome: Outcome; readonly begunAt: number }> {
  const { maxRetries, timeoutMs, isAwaited, isExtendable, isRepeat } = policy;
  const startedAt = now();
  const deadline = new Deadline(timeoutMs, isAwaited, `no response within ${Math.round(timeoutMs)} ms`, isExtendable);
  try {
    for (let attempts = 1; ; attempts += 1) {
      const paused = await waitForPause(connection, policy, startedAt + timeoutMs);
      const begunAt = now();
      if (paused !== undefined) return { outcome: paused, begunAt };
      const outcome = unlessInProgress(await send(deadline), isRepeat || attempts > 1);
      if (outcome.kind !== "unavailable" || outcome.evidence === "client") return { outcome, begunAt };
      if (asksAllToWait(outcome)) connection.rest(outcome.retryAfterMs);
      const waitMs = outcome.retryAfterMs ?? backoffMs(attempts);
      // A body that is too large is not sent again as it is.
      const isLast =
        outcome.isUploadCut === true ||
        attempts > maxRetries ||
        connection.isStopped ||
        now() - startedAt + waitMs >= timeoutMs;
      if (isLast) return { outcome, begunAt };
      await connection.sleep(waitMs, isAwaited);
      if (!connection.isUp || connection.isStopped) return { outcome, begunAt };
    }
  } finally {
    deadline.clear();
  }
}

/**
 * Waits as long as the backend has asked all of us to wait, in a response to another write. Returns an outcome if that is
 * longer than the policy allows. While the circuit is open, whoever probes has waited.
 */
async function waitForPause(
  connection: BackendConnection,
  { maxRetries, isAwaited }: RetryPolicy,
  endsAt: number,
): Promise<Unavailable | undefined> {
  const wasUp = connection.isUp;
  while (wasUp && connection.pauseMs > 0) {
    const { pauseMs: restMs } = connection;
    const isTooLong = maxRetries === 0 || now() + restMs >= endsAt;
    if (!isTooLong) await connection.sleep(restMs, isAwaited);
    if (isTooLong || !connection.isUp || connection.isStopped) {
      const reason = "the backend asks to wait (Retry-After)";
      return { kind: "unavailable", evidence: "response", reason, retryAfterMs: connection.pauseMs };
    }
  }
  return undefined;
}

/** A 409 on a repeat may mean that the backend is still processing the first attempt: it is tried again. */
function unlessInProgress(outcome: Outcome, isRepeat: boolean): Outcome {
  if (outcome.kind !== "rejected" || outcome.failure.status !== CONFLICT || !isRepeat) return outcome;
  const reason = "HTTP 409 on a repeat: the first attempt may still be in progress";
  return { kind: "unavailable", evidence: "response", status: CONFLICT, reason };
}
