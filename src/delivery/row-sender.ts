import { errorOfAnswer } from "../errors.js";
import type { Row } from "../mirror/rows.js";
import type { EntityKind, OperationName, StreamName } from "../operations.js";
import type { Patience } from "./attempts.js";
import type { Courier } from "./courier.js";
import type { Folder } from "./folder.js";
import { NAMED_IN } from "./lanes.js";
import { type Outcome, PENDING } from "./outcome.js";
import { outgoing } from "./outgoing.js";
import type { RowLane, StoredLine, Stretch } from "./row-lane.js";

const OPERATION_OF = {
  metrics: "logStepMetric",
  evals: "createEval",
  checkpoints: "addCheckpoint",
  predictions: "logPredictions",
} as const satisfies Record<StreamName, OperationName>;

/** Sends a claimed stretch of rows under its key, notes the answer in the sync log, and gives the claim back. */
export async function sendRows(folder: Folder, lane: RowLane, stretch: Stretch, patience: Patience): Promise<Outcome> {
  let isDone = false;
  try {
    const outcome = await sendClaimed(folder, lane, stretch, patience);
    isDone =
      outcome.kind === "delivered" ||
      outcome.kind === "skipped" ||
      (outcome.kind === "raised" && !outcome.error.pending);
    return outcome;
  } finally {
    lane.giveBack(stretch, isDone);
  }
}

async function sendClaimed(folder: Folder, lane: RowLane, stretch: Stretch, patience: Patience): Promise<Outcome> {
  const { courier } = folder;
  const { log } = folder.entity;
  const { session, start, end } = stretch;
  const { stream } = lane;
  const runId = folder.backendId;
  const lines = lane.read(stretch);
  const rows = lines.flatMap(({ row }) => (row === undefined ? [] : [row]));
  const made = bodyOf(stream, rows, courier);
  if (runId === undefined || made === "waits") return PENDING;
  if (made === undefined) {
    log.done(session, stream, start, end, 0, lines.length);
    folder.account.settle(stream, "skipped", lines.length);
    return { kind: "skipped" };
  }
  const { batches } = session.spans[stream];
  log.name(session);
  if (lines.length > 1 && batches.get(start) !== end) log.batch(session, stream, start, end);
  const key = `${session.nonce}:${stream}:${start}-${end}`;
  const answer = await courier.carry(OPERATION_OF[stream], { run_id: runId }, made.body, key, patience);
  if (answer.kind === "away") return PENDING;
  if (answer.kind === "blocked") return { kind: "raised", error: errorOfAnswer(answer.failure) };
  if (answer.kind === "delivered") {
    noteIds(folder, stream, rows, answer.body);
    log.done(session, stream, start, end, rows.length, lines.length - rows.length);
    folder.account.settle(stream, "delivered", rows.length);
    folder.account.settle(stream, "skipped", lines.length - rows.length);
    folder.confirm();
    return { kind: "delivered", answer: answer.body };
  }
  const { failure } = answer;
  if (failure.status === 413 && rows.length > 1) return sendHalves(folder, lane, stretch, lines, patience);
  if (failure.status === 404 && folder.isParkedBy(failure, made.namesOthers)) {
    return { kind: "raised", error: errorOfAnswer({ ...failure, pending: true }) };
  }
  const { status, reason, body } = failure;
  for (const id of idsOf(stream, rows)) courier.ids.expect(id.kind, id.id);
  log.refuseRows(session, stream, start, end, lines.length, { status, reason, body, at: Date.now() / 1000 });
  folder.account.settle(stream, "rejected", lines.length);
  return { kind: "raised", error: errorOfAnswer(failure) };
}

/** A batch that is too large for the backend goes out as two, each under a key of its own: nothing of it has been taken. */
async function sendHalves(
  folder: Folder,
  lane: RowLane,
  { start, end, session }: Stretch,
  lines: readonly StoredLine[],
  patience: Patience,
): Promise<Outcome> {
  const middle = lines[Math.ceil(lines.length / 2)]?.start ?? end;
  folder.entity.log.batch(session, lane.stream, start, middle);
  folder.entity.log.batch(session, lane.stream, middle, end);
  const first = await sendClaimed(folder, lane, { start, end: middle, session }, patience);
  const second = await sendClaimed(folder, lane, { start: middle, end, session }, patience);
  if (first.kind === "raised") return first;
  if (first.kind === "pending" || second.kind !== "delivered") return second.kind === "raised" ? second : first;
  if (first.kind !== "delivered") return second;
  return { kind: "delivered", answer: sumOf(first.answer, second.answer) };
}

function sumOf(one: unknown, other: unknown): unknown {
  const inserted = [one, other].map((answer) => Number(Object(answer).inserted ?? 0));
  return { ...Object(one), ...Object(other), inserted: inserted.reduce((sum, count) => sum + count, 0) };
}

/** The body of a stretch; undefined where there is nothing in it to send, "waits" where it names an id not yet known. */
function bodyOf(
  stream: StreamName,
  rows: readonly Row[],
  { ids }: Courier,
): { readonly body: string; readonly namesOthers: boolean } | "waits" | undefined {
  const [row] = rows;
  if (row === undefined) return undefined;
  const name = OPERATION_OF[stream];
  const made = outgoing(name, stream === "predictions" ? { predictions: rows } : withoutId(stream, row), ids);
  if ("waitsFor" in made) return "waits";
  if (stream === "metrics" && Object.keys(Object(made.body.metrics)).length === 0) return undefined;
  return { body: JSON.stringify(made.body), namesOthers: made.namesOthers };
}

/** The id of an eval or a checkpoint is the mirror's alone: the backend gives its own. */
function withoutId(stream: StreamName, row: Row): Row {
  if (NAMED_IN[stream] === undefined) return row;
  const { id: _, ...body } = row;
  return body;
}

function idsOf(stream: StreamName, rows: readonly Row[]): { readonly kind: EntityKind; readonly id: string }[] {
  const kind = NAMED_IN[stream];
  return kind === undefined ? [] : rows.flatMap(({ id }) => (typeof id === "string" ? [{ kind, id }] : []));
}

function noteIds({ entity, courier }: Folder, stream: StreamName, rows: readonly Row[], answer: unknown): void {
  const backendId: unknown = Object(answer).id;
  for (const { kind, id } of idsOf(stream, rows)) {
    // Before the acknowledgement: a row whose id was lost on the way would be sent again, and answered with it again.
    if (typeof backendId === "string") entity.log.mapRow(id, backendId);
    courier.ids.learn(kind, id, typeof backendId === "string" ? backendId : id);
  }
}
