import { setTimeout as sleep } from "node:timers/promises";
import { LONGEST_TIMER_MS } from "../http/deadline.js";
import type { ByteRange } from "../mirror/line-writer.js";
import type { Operation } from "../mirror/sync-state.js";
import type { StreamName } from "../operations.js";
import type { Folder } from "./folder.js";
import { sendOperation } from "./operation-sender.js";
import { type Outcome, PENDING } from "./outcome.js";
import { hasRowsWaiting } from "./ranks.js";
import { type StoredLine, storedLine } from "./row-lane.js";
import { sendRows } from "./row-sender.js";

/** Sends rows that a call has just appended and waits for, ahead of any backlog. */
export async function sendAppended(
  folder: Folder,
  stream: StreamName,
  range: ByteRange,
  texts: readonly string[],
  deadline: number,
): Promise<Outcome> {
  const lane = folder.lanes.of(stream, folder.entity.slot ?? 1);
  const stretch = lane.claim(range);
  if (stretch === undefined) return PENDING;
  const hasEntered = await lane.gate.enterAwaited(deadline - performance.now());
  if (!hasEntered || !folder.courier.isUp) {
    lane.giveBack(stretch, false);
    if (hasEntered) lane.gate.leave();
    return PENDING;
  }
  try {
    const patience = folder.courier.awaited(deadline - performance.now());
    return await sendRows(folder, lane, stretch, patience, linesAt(range.start, texts));
  } finally {
    lane.gate.leave();
  }
}

function linesAt(start: number, texts: readonly string[]): StoredLine[] {
  let at = start;
  return texts.map((text) => {
    const line = storedLine(at, text);
    at += Buffer.byteLength(text) + 1;
    return line;
  });
}

/** Sends a patch that a call has just made and waits for, after the rows and the patches before it. */
export async function sendPatch(folder: Folder, operation: Operation, deadline: number): Promise<Outcome> {
  folder.claimedPatches.add(operation.key);
  try {
    await within(deadline - performance.now(), Promise.allSettled(folder.inFlight));
    if (hasRowsWaiting(folder)) return heldBack(folder);
    if (!(await folder.operationGate.enterAwaited(deadline - performance.now()))) return PENDING;
    try {
      return await folder.track(sendUpTo(folder, operation, deadline));
    } finally {
      folder.operationGate.leave();
    }
  } finally {
    folder.claimedPatches.delete(operation.key);
  }
}

/** What becomes of a patch that has to wait behind what the backend does not take: its caller learns why. */
export function heldBack({ courier, reception }: Folder): Outcome {
  const error = courier.obstacle ?? reception.obstacle;
  return error === undefined ? PENDING : { kind: "raised", error };
}

/** Earlier patches may have come back without an answer: they go first, and where one cannot, the later ones wait with it. */
async function sendUpTo(folder: Folder, last: Operation, deadline: number): Promise<Outcome> {
  for (const operation of folder.state.waiting.filter((one) => "patch" in one && one.at <= last.at)) {
    if (!folder.courier.isUp) return PENDING;
    const outcome = await sendOperation(folder, operation, folder.courier.awaited(deadline - performance.now()));
    if (operation === last || outcome.kind === "pending") return outcome;
    if (outcome.kind !== "raised") continue;
    if (outcome.error.pending) return outcome;
    folder.courier.announce(outcome.error);
  }
  return PENDING;
}

/** Waits for work, `timeoutMs` at the longest; the process stays alive for it. */
export async function within(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  const abort = new AbortController();
  const late = sleep(Math.min(Math.max(0, timeoutMs), LONGEST_TIMER_MS), undefined, { signal: abort.signal }).catch(
    () => {},
  );
  try {
    await Promise.race([work, late]);
  } finally {
    abort.abort();
  }
}
