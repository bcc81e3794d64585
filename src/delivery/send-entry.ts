import { errorOfResponse, type FailedRequest } from "../errors.js";
import type { Outcome, Unavailable } from "../http/outcome.js";
import { shortBody } from "../http/response-text.js";
import type { StoredLine } from "../journal/segment.js";
import type { Rejection } from "../journal/sync-lines.js";
import type { SyncLog } from "../journal/sync-log.js";
import { parseRow } from "../store/rows.js";
import { now } from "../util/clock.js";
import { preview } from "../util/preview.js";
import { toError } from "../util/thrown.js";
import { sendWrite } from "./attempt.js";
import type { EntityOutbox } from "./entity-outbox.js";
import { type BatchEntry, type Entry, policyOf } from "./entry.js";
import { prepareRequest, type WriteRequest } from "./requests.js";
import { backoffOf, noteFailure, requeue, requeueUntilKnown, settleCall } from "./requeue.js";
import { PENDING, type Settlement, SKIPPED } from "./waiter.js";

/** A row whose upload is cut off this often in a row is too large for a server on the way. */
const MAX_UPLOAD_CUTS = 3;

/** Sends an entry that was taken from its queue, and settles or requeues it. It never throws. */
export async function sendEntry(outbox: EntityOutbox, entry: Entry): Promise<void> {
  outbox.sender.sends.begin();
  try {
    const prepared = prepareRequest(outbox, entry);
    if (prepared.kind === "request") {
      const outcome = await sendRequest(outbox, entry, prepared.request);
      outbox.sender.noteTurn();
      if (outcome === undefined) requeue(outbox, entry, PENDING, 0);
      else settle(outbox, entry, prepared.request, outcome);
    } else if (prepared.kind === "waits") requeueUntilKnown(outbox, entry, prepared.waitsFor);
    else if (entry.kind === "batch") skip(outbox, entry, prepared.lines);
  } catch (error) {
    requeue(outbox, entry, PENDING, backoffOf(entry));
    entry.scope.announce(toError(error));
  } finally {
    outbox.sender.sends.end();
  }
}

/** Sends a request; undefined if the backend has become unavailable since its call began to wait. */
function sendRequest(outbox: EntityOutbox, entry: Entry, request: WriteRequest): Promise<Outcome> | undefined {
  const { config, keepsProcessAlive, connection } = outbox.sender;
  if (entry.kind === "batch") {
    if (request.rows < request.lines.length) warnOfDamaged(outbox, entry, request.lines);
    outbox.store.log.name(entry.session);
  } else outbox.store.log.noteOpSent(entry.operation.slot);
  if (entry.waiter !== undefined && !connection.isUp) return undefined;
  return sendWrite(connection, request, policyOf(entry, config.timeoutMs, keepsProcessAlive, now()));
}

/** Records the outcome of an entry: first in the journal, then in the counts, then for the call that waits. */
function settle(outbox: EntityOutbox, entry: Entry, request: WriteRequest, outcome: Outcome): void {
  if (outcome.kind === "delivered") deliver(outbox, entry, request, outcome.body);
  else if (outcome.kind === "rejected") reject(outbox, entry, request, outcome.failure);
  else if (outcome.kind === "blocked") {
    const error = errorOfResponse(outcome.failure);
    outbox.health.block(error);
    requeue(outbox, entry, { kind: "failed", error }, 0);
  } else postpone(outbox, entry, request, outcome);
}

function postpone(outbox: EntityOutbox, entry: Entry, request: WriteRequest, outcome: Unavailable): void {
  const backoffMs = noteFailure(outbox.sender.connection, entry, outcome);
  if (entry.kind === "batch") {
    if (outcome.isUploadCut !== true) entry.uploadCuts = 0;
    else if (isTooLarge(outbox, entry, request)) return;
  }
  requeue(outbox, entry, PENDING, backoffMs);
}

function deliver(outbox: EntityOutbox, entry: Entry, request: WriteRequest, body: unknown): void {
  const { ids } = outbox.sender;
  if (entry.kind === "batch") {
    const backendId: unknown = Object(body).id;
    const learned = typeof backendId === "string" ? backendId : undefined;
    const skipped = request.lines.length - request.rows;
    const { rowId } = request;
    const mapped = learned === undefined || rowId === undefined ? [] : [{ row: rowId.id, id: learned }];
    note(outbox, entry, (log) => log.acknowledgeRows(rangeOf(entry), request.rows, skipped, mapped));
    if (rowId !== undefined) ids.learn(rowId.kind, rowId.id, learned ?? rowId.id);
    warnIfFewer(outbox, entry, request, body);
    entry.stream.settle(entry, "delivered", request.rows, skipped);
  } else {
    const { kind, id } = outbox.store;
    const made: unknown = entry.kind === "create" ? Object(Object(body)[kind]).id : undefined;
    const backendId = typeof made === "string" ? made : undefined;
    note(outbox, entry, (log) => log.acknowledgeOp(entry.operation.key, backendId));
    if (backendId !== undefined) ids.learn(kind, id, backendId);
    outbox.operations.settle(entry, "delivered");
  }
  note(outbox, entry, () => outbox.health.confirm());
  settled(outbox, entry, { kind: "delivered", body });
}

function reject(outbox: EntityOutbox, entry: Entry, request: WriteRequest, failure: FailedRequest): void {
  const { status, reason, body } = failure;
  const rejection: Rejection = { status, reason, body: shortBody(body), at: Date.now() / 1000 };
  if (status === 413 && entry.kind === "batch" && request.rows > 1) halve(outbox, entry, request);
  else if (status === 404 && entry.kind !== "create" && outbox.health.park(rejection, request.namesOthers)) {
    const hint = request.namesOthers ? {} : hintOfUnknown(outbox);
    const error = errorOfResponse({ ...failure, ...hint, pending: true });
    requeue(outbox, entry, { kind: "failed", error }, 0);
  } else {
    if (entry.kind === "batch") {
      if (request.rowId !== undefined) outbox.sender.ids.expect(request.rowId.kind, request.rowId.id);
      note(outbox, entry, (log) => log.rejectRows(rangeOf(entry), request.lines.length, rejection));
      entry.stream.settle(entry, "rejected", request.lines.length);
    } else {
      note(outbox, entry, (log) => log.rejectOp(entry.operation.key, rejection));
      outbox.operations.settle(entry, "rejected");
    }
    settled(outbox, entry, { kind: "failed", error: errorOfResponse(failure) });
  }
}

/** What to do about a run or an experiment that the backend does not know any more. */
function hintOfUnknown({ store: { kind, log } }: EntityOutbox): { readonly hint?: string } {
  if (log.state.creation === undefined) return {};
  const hint = `The ${kind} was created before. Check the base URL and the project; if the backend has lost the ${kind}, as a mock server does when it stops, start a new one.`;
  return { hint };
}

function settled(outbox: EntityOutbox, entry: Entry, settlement: Settlement): void {
  if (settlement.kind !== "failed") outbox.sender.progress += 1;
  settleCall(outbox, entry, settlement);
}

/** Writes to the journal. If that fails, the write still counts as settled; a later process sends it again under its key. */
function note({ store }: EntityOutbox, { scope }: Entry, write: (log: SyncLog) => void): void {
  try {
    write(store.log);
  } catch (error) {
    scope.announce(toError(error));
  }
}

function skip(outbox: EntityOutbox, entry: BatchEntry, lines: readonly StoredLine[]): void {
  warnOfDamaged(outbox, entry, lines);
  note(outbox, entry, (log) => log.acknowledgeRows(rangeOf(entry), 0, lines.length));
  entry.stream.settle(entry, "skipped", lines.length);
  settled(outbox, entry, SKIPPED);
}

/** A batch that is too large is sent as two, each under its own key: the backend has accepted nothing of it. */
function halve(outbox: EntityOutbox, entry: BatchEntry, { lines }: WriteRequest): void {
  const middle = lines[Math.ceil(lines.length / 2)]?.start ?? entry.end;
  const parts = [
    { start: entry.start, end: middle },
    { start: middle, end: entry.end },
  ];
  outbox.store.log.addBatches(parts.map((part) => ({ ...rangeOf(entry), ...part })));
  entry.stream.replace(entry, parts);
  outbox.sender.progress += 1;
  outbox.sender.noteBacklog(outbox);
}

/** A connection that is cut while a large body is uploaded may mean that the body is too large: a batch is halved. */
function isTooLarge(outbox: EntityOutbox, entry: BatchEntry, request: WriteRequest): boolean {
  if (request.rows > 1) {
    halve(outbox, entry, request);
    return true;
  }
  entry.uploadCuts += 1;
  if (entry.uploadCuts < MAX_UPLOAD_CUTS) return false;
  const bytes = Buffer.byteLength(request.body);
  const reason = `the connection is closed at each upload of this row of ${bytes} bytes: it is too large`;
  reject(outbox, entry, request, { status: 413, body: undefined, path: request.name, pending: false, reason });
  return true;
}

function rangeOf({ session, start, end, stream }: BatchEntry) {
  return { session, stream: stream.segment.stream, start, end };
}

/** Warns of lines that are never sent: torn ones after power loss, or lines of another client. */
function warnOfDamaged({ sender }: EntityOutbox, { stream }: BatchEntry, lines: readonly StoredLine[]): void {
  for (const { start, text } of lines) {
    if (parseRow(text) !== undefined) continue;
    const { path } = stream.segment;
    sender.logger.warn(
      `${path}: a line that is not a complete JSON object is not sent, at byte ${start}: ${preview(text)}`,
    );
  }
}

function warnIfFewer({ sender }: EntityOutbox, { stream }: BatchEntry, { rows }: WriteRequest, body: unknown): void {
  const inserted: unknown = Object(body).inserted;
  if (stream.segment.stream !== "predictions" || typeof inserted !== "number" || inserted >= rows) return;
  sender.warnOnce(
    "inserted",
    `The backend reports ${inserted} of ${rows} predictions of one request as inserted. Further such responses are not logged.`,
  );
}
