import { errorOfAnswer } from "../errors.js";
import { mayHoldSpelling } from "../mirror/lossless-json.js";
import type { Row } from "../mirror/rows.js";
import type { EntityKind, OperationName, StreamName } from "../operations.js";
import { shown } from "../validation.js";
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

/**
 * Sends a claimed stretch of rows under its key, notes the answer in the sync log, and gives the claim back. `lines` are
 * those of the stretch, where they are at hand: else they are read.
 */
export async function sendRows(
  folder: Folder,
  lane: RowLane,
  stretch: Stretch,
  patience: Patience,
  lines: readonly StoredLine[] = lane.read(stretch),
): Promise<Outcome> {
  const begunAt = performance.now();
  let isDone = false;
  let halves: readonly Stretch[] = [];
  try {
    const outcome = await sendClaimed(folder, lane, stretch, patience, lines);
    if (outcome !== "too large") {
      const isRefused = outcome.kind === "raised" && !outcome.error.pending;
      isDone = outcome.kind === "delivered" || outcome.kind === "skipped" || isRefused;
      return outcome;
    }
    halves = halvesOf(folder, lane, stretch);
  } finally {
    lane.giveBack(stretch, isDone, halves);
  }
  const outcomes: Outcome[] = [];
  for (const half of halves) {
    const leftMs = patience.leftMs - (performance.now() - begunAt);
    if (leftMs > 0 && outcomes.at(-1)?.kind !== "pending") {
      outcomes.push(await sendRows(folder, lane, half, { ...patience, leftMs }));
    } else {
      lane.giveBack(half, false);
      outcomes.push(PENDING);
    }
  }
  return outcomes.reduce(together);
}

async function sendClaimed(
  folder: Folder,
  lane: RowLane,
  stretch: Stretch,
  patience: Patience,
  lines: readonly StoredLine[],
): Promise<Outcome | "too large"> {
  const { courier } = folder;
  const { log } = folder.entity;
  const { session, start, end } = stretch;
  const { stream } = lane;
  const runId = folder.backendId;
  folder.account.added(stream, lane.uncounted(stretch, lines.length));
  nameDamaged(folder, lane, lines);
  const rows = lines.flatMap(({ row }) => (row === undefined ? [] : [row]));
  const made = isWireForm(stream, lines) ? { body: lines[0].text, namesOthers: false } : bodyOf(stream, rows, courier);
  if (runId === undefined || made === "waits") return PENDING;
  if (made === undefined) {
    log.done(session, stream, start, end, 0, lines.length);
    folder.account.settle(stream, "skipped", lines.length);
    return { kind: "skipped" };
  }
  log.name(session);
  const key = `${session.nonce}:${stream}:${start}-${end}`;
  const answer = await courier.carry(OPERATION_OF[stream], { run_id: runId }, made.body, key, patience);
  if (answer.kind === "unavailable") return PENDING;
  if (answer.kind === "blocked") {
    const error = errorOfAnswer(answer.failure);
    folder.reception.blockedBy(error);
    return { kind: "raised", error };
  }
  if (answer.kind === "delivered") {
    noteIds(folder, stream, rows, answer.body);
    log.done(session, stream, start, end, rows.length, lines.length - rows.length);
    folder.account.settle(stream, "delivered", rows.length);
    folder.account.settle(stream, "skipped", lines.length - rows.length);
    folder.reception.confirm();
    return { kind: "delivered", answer: answer.body };
  }
  const { failure } = answer;
  if (failure.status === 413 && rows.length > 1) return "too large";
  if (failure.status === 404 && folder.reception.isParkedBy(failure, made.namesOthers)) {
    return { kind: "raised", error: errorOfAnswer({ ...failure, pending: true }) };
  }
  const { status, reason, body } = failure;
  for (const id of idsOf(stream, rows)) courier.ids.expect(id.kind, id.id);
  log.refuseRows(session, stream, start, end, lines.length, { status, reason, body, at: Date.now() / 1000 });
  folder.account.settle(stream, "rejected", lines.length);
  return { kind: "raised", error: errorOfAnswer(failure) };
}

/** Says which lines are not sent, and for good: as a power cut or another client leaves them. */
function nameDamaged({ courier }: Folder, { path }: RowLane, lines: readonly StoredLine[]): void {
  for (const { row, start, text } of lines) {
    if (row !== undefined) continue;
    courier.logger.warn(`${path}: a line that is no whole JSON object is not sent, at byte ${start}: ${shown(text)}`);
  }
}

/** A batch that is too large for the backend goes out as two, each under a key of its own: nothing of it has been taken. */
function halvesOf({ entity }: Folder, lane: RowLane, { start, end, session }: Stretch): Stretch[] {
  const lines = lane.read({ start, end });
  const middle = lines[Math.ceil(lines.length / 2)]?.start ?? end;
  entity.log.batch(session, lane.stream, start, middle);
  entity.log.batch(session, lane.stream, middle, end);
  return [
    { start, end: middle, session },
    { start: middle, end, session },
  ];
}

/** What became of a call whose rows went out in two parts: the worse of the two. */
function together(one: Outcome, other: Outcome): Outcome {
  if (one.kind === "delivered" && other.kind === "delivered") {
    return { kind: "delivered", answer: sumOf(one.answer, other.answer) };
  }
  const isWorse =
    one.kind === "raised" || (one.kind === "pending" && other.kind !== "raised") || other.kind === "skipped";
  return isWorse ? one : other;
}

function sumOf(one: unknown, other: unknown): unknown {
  const inserted = Number(Object(one).inserted ?? 0) + Number(Object(other).inserted ?? 0);
  return { ...Object(one), ...Object(other), inserted };
}

/** Whether a row of the mirror is the body of its request as it stands: it names nothing, and all its numbers are finite. */
function isWireForm(stream: StreamName, lines: readonly StoredLine[]): lines is readonly [StoredLine] {
  const [line] = lines;
  return stream === "metrics" && line?.row !== undefined && !mayHoldSpelling(line.text) && !isEmpty(line.row.metrics);
}

function isEmpty(series: unknown): boolean {
  return Object.keys(Object(series)).length === 0;
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
  if (stream === "metrics" && isEmpty(made.body.metrics)) return undefined;
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
