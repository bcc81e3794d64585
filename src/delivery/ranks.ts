import type { Operation } from "../mirror/sync-state.js";
import type { StreamName } from "../operations.js";
import type { Patience } from "./attempts.js";
import type { Folder } from "./folder.js";
import { sendOperation } from "./operation-sender.js";
import { type Outcome, PENDING } from "./outcome.js";
import type { RowLane } from "./row-lane.js";
import { sendRows } from "./row-sender.js";

/** The order in which a backlog goes out: parents before children, rows before the patches that close them. */
export const RANKS = [
  "experiments",
  "runs",
  "checkpoints",
  "evals",
  "rows",
  "run patches",
  "experiment patches",
] as const;

/** A step of the order. */
export type Rank = (typeof RANKS)[number];

const STREAMS_OF: Partial<Record<Rank, readonly StreamName[]>> = {
  checkpoints: ["checkpoints"],
  evals: ["evals"],
  rows: ["metrics", "predictions"],
};
const OPERATIONS_OF: Partial<
  Record<Rank, { readonly entity: "experiment" | "run"; readonly kind: "create" | "patch" }>
> = {
  experiments: { entity: "experiment", kind: "create" },
  runs: { entity: "run", kind: "create" },
  "run patches": { entity: "run", kind: "patch" },
  "experiment patches": { entity: "experiment", kind: "patch" },
};

/** Whether a folder has something of a rank to send that nobody is sending. */
export function hasBacklog(folder: Folder, rank: Rank): boolean {
  return lanesOf(folder, rank).some((lane) => lane.hasBacklog()) || operationsOf(folder, rank).length > 0;
}

/** Whether rows of a folder wait for their turn that no call is sending. */
export function hasRowsWaiting(folder: Folder): boolean {
  return folder.lanes.all().some((lane) => lane.hasBacklog());
}

/** Sends what a folder has of a rank by now, as long as the backend takes it. What came back is tried once. */
export async function drain(folder: Folder, rank: Rank, onOutcome: (outcome: Outcome) => void): Promise<void> {
  await Promise.all(lanesOf(folder, rank).map((lane) => drainLane(folder, lane, onOutcome)));
  if (folder.entity.slot === undefined) folder.entity.log.rest();
  for (const operation of operationsOf(folder, rank)) {
    if (!maySend(folder)) return;
    const outcome = await sendInTurn(folder, operation, folder.courier.unawaited);
    if (outcome !== undefined) onOutcome(outcome);
    // The next one may undo this one: they go out in their order, or not at all.
    if (outcome?.kind === "pending") return;
  }
}

/** Sends one thing of a rank, whatever the state of the backend; undefined where there is nothing. */
export async function sendOne(
  folder: Folder,
  rank: Rank,
  prefersFresh: boolean,
  patience: Patience,
): Promise<Outcome | undefined> {
  await folder.entity.callsNoted();
  for (const lane of lanesOf(folder, rank)) {
    lane.startPass();
    const stretch = lane.next(lane.end, prefersFresh);
    if (stretch !== undefined) return sendRows(folder, lane, stretch, patience);
  }
  const [operation] = operationsOf(folder, rank);
  return operation === undefined ? undefined : sendInTurn(folder, operation, patience);
}

/** Sends an operation when those before it are through; undefined where that has been done meanwhile. */
async function sendInTurn(folder: Folder, operation: Operation, patience: Patience): Promise<Outcome | undefined> {
  await folder.operationGate.enter();
  try {
    if (!folder.isWaiting(operation)) return undefined;
    return folder.isNext(operation) ? await sendOperation(folder, operation, patience) : PENDING;
  } finally {
    folder.operationGate.leave();
  }
}

async function drainLane(folder: Folder, lane: RowLane, onOutcome: (outcome: Outcome) => void): Promise<void> {
  await folder.entity.callsNoted();
  const until = lane.end;
  lane.startPass();
  const sendOneAfterAnother = async (): Promise<void> => {
    while (await sendNext(folder, lane, until, onOutcome));
  };
  await Promise.all(Array.from({ length: folder.courier.config.concurrency }, sendOneAfterAnother));
  lane.rest();
}

/** Sends the next stretch of a lane when there is room; false where there is none, or it may not be sent. */
async function sendNext(
  folder: Folder,
  lane: RowLane,
  until: number,
  onOutcome: (outcome: Outcome) => void,
): Promise<boolean> {
  await lane.gate.enter();
  try {
    const stretch = maySend(folder) ? lane.next(until) : undefined;
    if (stretch === undefined) return false;
    onOutcome(await sendRows(folder, lane, stretch, folder.courier.unawaited));
  } catch (error) {
    folder.courier.announce(error instanceof Error ? error : new Error(String(error)));
  } finally {
    lane.gate.leave();
  }
  return true;
}

function maySend(folder: Folder): boolean {
  return folder.courier.maySend && folder.isInCharge && !folder.reception.isHeldBack;
}

function lanesOf(folder: Folder, rank: Rank): RowLane[] {
  const streams = STREAMS_OF[rank];
  return streams === undefined || !folder.isInCharge || !folder.isKnown || folder.reception.isHeldBack
    ? []
    : folder.lanes.all(streams);
}

function operationsOf(folder: Folder, rank: Rank): Operation[] {
  const meant = OPERATIONS_OF[rank];
  if (meant === undefined || meant.entity !== folder.entity.kind || !folder.isInCharge || folder.reception.isHeldBack)
    return [];
  return meant.kind === "patch" && !folder.isKnown ? [] : folder.waiting(meant.kind);
}
