import type { OperationName } from "../api/routes.js";
import { Deadline } from "../http/deadline.js";
import type { Outcome, Unavailable } from "../http/outcome.js";
import { now } from "../util/clock.js";
import { backoffMs } from "./backoff.js";
import type { BackendConnection } from "./connection.js";

export const CONFLICT = 409;
const TOO_MANY_REQUESTS = 429;

/** One request of a write. */
export interface OutgoingRequest {
  readonly name: OperationName;
  /** The ids in the path. */
  readonly ids: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
  /** The idempotency key of the write: the same on every attempt. */
  readonly key: string;
}

/** The maximum number and duration of the attempts of one write. */
export interface RetryPolicy {
  /** Maximum number of retries. */
  readonly maxRetries: number;
  /** Maximum duration, waits included, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether a call waits for it. Otherwise it does not keep the process alive. */
  readonly isAwaited: boolean;
  /** Whether progress of a large upload extends the deadline: for a write that no call waits for. */
  readonly isExtendable: boolean;
  /** Whether it was tried before: a conflict may then be with its own first attempt. */
  readonly isRepeat: boolean;
}

/**
 * Sends a write until the backend responds or the policy is exhausted. Every attempt has the same key, so that a backend
 * that honours it writes once however many responses are lost. A wait that would exceed the deadline is not started.
 */
export function sendWrite(
  connection: BackendConnection,
  { name, ids, body, key }: OutgoingRequest,
  policy: RetryPolicy,
): Promise<Outcome> {
  return withRetries(connection, policy, {
    send: (deadline) => connection.http.send(name, ids, body, key, deadline),
    asksAllToWait: () => true,
    observe: (outcome, begunAt) => connection.observe(outcome, key, begunAt),
  });
}

/**
 * Sends a request of the user's own. Its outcome does not count for the backend's health; only the Retry-After of a 429
 * applies to the whole client.
 */
export function sendPost(
  connection: BackendConnection,
  path: string,
  body: string | undefined,
  key: string,
  policy: RetryPolicy,
): Promise<Outcome> {
  return withRetries(connection, policy, {
    send: (deadline) => connection.http.post(path, body, deadline, key),
    asksAllToWait: ({ status }) => status === TOO_MANY_REQUESTS,
    observe: () => {},
  });
}

/** What is specific to a kind of request. */
interface Attempts {
  /** Makes one attempt. */
  readonly send: (deadline: Deadline) => Promise<Outcome>;
  /** Whether the Retry-After of an outcome applies to the whole client. */
  readonly asksAllToWait: (outcome: Unavailable) => boolean;
  /** Called with the final outcome and the start of the last attempt. */
  readonly observe: (outcome: Outcome, begunAt: number) => void;
}

async function withRetries(
  connection: BackendConnection,
  policy: RetryPolicy,
  { send, asksAllToWait, observe }: Attempts,
): Promise<Outcome> {
  const { maxRetries, timeoutMs, isAwaited, isExtendable, isRepeat } = policy;
  const startedAt = now();
  const deadline = new Deadline(timeoutMs, isAwaited, `no response within ${Math.round(timeoutMs)} ms`, isExtendable);
  const end = (outcome: Outcome, begunAt: number): Outcome => {
    observe(outcome, begunAt);
    return outcome;
  };
  try {
    for (let attempts = 1; ; attempts += 1) {
      // While the circuit is open, the probe has waited already.
      const isPaused = connection.isUp && connection.pauseMs > 0;
      const paused = isPaused ? await waitForPause(connection, policy, startedAt + timeoutMs) : undefined;
      const begunAt = now();
      if (paused !== undefined) return end(paused, begunAt);
      const outcome = unlessInProgress(await send(deadline), isRepeat || attempts > 1);
      if (outcome.kind !== "unavailable" || outcome.evidence === "client") return end(outcome, begunAt);
      if (asksAllToWait(outcome)) connection.rest(outcome.retryAfterMs);
      const waitMs = outcome.retryAfterMs ?? backoffMs(attempts);
      // A body that is too large is not sent again as it is.
      const isLast =
        outcome.isUploadCut === true ||
        attempts > maxRetries ||
        connection.isStopped ||
        now() - startedAt + waitMs >= timeoutMs;
      if (isLast) return end(outcome, begunAt);
      await connection.sleep(waitMs, isAwaited);
      if (!connection.isUp || connection.isStopped) return end(outcome, begunAt);
    }
  } finally {
    deadline.clear();
  }
}

/**
 * Waits for a Retry-After that the backend sent in a response to another write. Returns an outcome if that is longer than
 * the policy allows.
 */
async function waitForPause(
  connection: BackendConnection,
  { maxRetries, isAwaited }: RetryPolicy,
  endsAt: number,
): Promise<Unavailable | undefined> {
  while (connection.pauseMs > 0) {
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

/** A 409 on a retry may mean that the backend is still processing the first attempt: it is retried. */
function unlessInProgress(outcome: Outcome, isRepeat: boolean): Outcome {
  if (outcome.kind !== "rejected" || outcome.failure.status !== CONFLICT || !isRepeat) return outcome;
  const reason = "HTTP 409 on a retry: the first attempt may still be in progress";
  return { kind: "unavailable", evidence: "response", status: CONFLICT, reason };
}
