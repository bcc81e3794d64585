import { now } from "../clock.js";
import { Deadline } from "../http/deadline.js";
import type { Outcome } from "../http/outcome.js";
import type { OperationName } from "../operations.js";
import { backoffMs } from "./backoff.js";
import type { BackendConnection } from "./connection.js";

const CONFLICT = 409;

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
  const { outcome, begunAt } = await withRetries(connection, policy, send);
  connection.observe(outcome, key, begunAt);
  return outcome;
}

/** Sends a request of the user's own. Its outcome says nothing of the backend's health. */
export async function sendPost(
  connection: BackendConnection,
  path: string,
  body: string | undefined,
  key: string,
  policy: RetryPolicy,
): Promise<Outcome> {
  const send = (deadline: Deadline) => connection.http.post(path, body, deadline, key);
  return (await withRetries(connection, policy, send)).outcome;
}

async function withRetries(
  connection: BackendConnection,
  { maxRetries, timeoutMs, isAwaited, isExtendable, isRepeat }: RetryPolicy,
  send: (deadline: Deadline) => Promise<Outcome>,
): Promise<{ readonly outcome: Outcome; readonly begunAt: number }> {
  const startedAt = now();
  const deadline = new Deadline(timeoutMs, isAwaited, `no response within ${Math.round(timeoutMs)} ms`, isExtendable);
  try {
    for (let attempts = 1; ; attempts += 1) {
      const begunAt = now();
      const outcome = unlessInProgress(await send(deadline), isRepeat || attempts > 1);
      if (outcome.kind !== "unavailable" || outcome.evidence === "client") return { outcome, begunAt };
      connection.rest(outcome.retryAfterMs);
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

/** A 409 on a repeat may mean that the backend is still processing the first attempt: it is tried again. */
function unlessInProgress(outcome: Outcome, isRepeat: boolean): Outcome {
  if (outcome.kind !== "rejected" || outcome.failure.status !== CONFLICT || !isRepeat) return outcome;
  const reason = "HTTP 409 on a repeat: the first attempt may still be in progress";
  return { kind: "unavailable", evidence: "response", status: CONFLICT, reason };
}
