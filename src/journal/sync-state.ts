import type { StreamName } from "../api/routes.js";
import { type Session, Sessions, type Span } from "./sessions.js";
import {
  type AcksLine,
  type CreateLine,
  type KnownSessionLine,
  letterOf,
  type Offsets,
  type PatchLine,
  type Refusal,
  STREAM_OF_LETTER,
} from "./sync-lines.js";

/** A create or a patch as it was accepted. */
export type Operation = (CreateLine | PatchLine) & { readonly slot: number };

/** What the sync log of a folder says, as a whole. */
export class SyncState {
  readonly sessions = new Sessions();
  /** Creates and patches by key. */
  readonly operations = new Map<string, Operation>();
  /** The create of the folder's entity; undefined where the entity was made elsewhere. */
  creation: (CreateLine & { readonly slot: number }) | undefined;
  /** Creates and patches that were delivered, with the backend's id for a create. */
  readonly delivered = new Map<string, string | undefined>();
  readonly refused = new Map<string, Refusal>();
  /** Ids made here for evals and checkpoints, and the backend's. */
  readonly rowIds = new Map<string, string>();
  parked: Refusal | undefined;
  /** Whether the entity was made offline, in this folder: the backend does not know the folder's name. */
  wasMadeHere = false;
  /** When the last create or patch was made, in seconds since the epoch. */
  latestAt = 0;
  readonly #waiting: Operation[] = [];

  /** The creates and patches that were neither delivered nor refused, in the order they were made. */
  get waiting(): readonly Operation[] {
    return this.#waiting;
  }

  addOperation(operation: Operation): void {
    if (this.operations.has(operation.key)) return;
    this.operations.set(operation.key, operation);
    this.latestAt = Math.max(this.latestAt, operation.at);
    if ("create" in operation) this.creation ??= operation;
    this.#await(operation);
  }

  /** Puts a create or a patch back among those that wait; false where it was not refused. */
  retry(operation: Operation): boolean {
    if (!this.refused.delete(operation.key)) return false;
    this.#await(operation);
    return true;
  }

  /** One call appended these rows. A part that the backend asked for stands above it. */
  addCall(nonce: string, stream: StreamName, start: number, end: number): void {
    const batches = this.sessions.byNonce.get(nonce)?.spans[stream].batches;
    if (batches !== undefined && !batches.has(start)) batches.set(start, end);
  }

  /** The last session of a slot ended here: what follows up to the next one's start is another client's. */
  endSession(slot: number, before: number, until: Offsets): void {
    const last = this.sessions.last(slot, before);
    if (last !== undefined) last.until = until;
  }

  /** Takes in what an acknowledgement says. `ordinals` are the sessions that its file has named so far. */
  apply(line: AcksLine, ordinals: Session[]): void {
    if (Array.isArray(line)) {
      const [ordinal, letter, start, end, delivered, skipped] = line;
      const span = ordinals[ordinal]?.spans[STREAM_OF_LETTER[letter]];
      span?.done.add(start, end, delivered, skipped);
      span?.refused.delete(start);
      span?.batches.delete(start);
    } else if ("session" in line) {
      ordinals[line.ordinal] = this.sessions.add(line);
    } else if ("batch" in line) {
      const [ordinal, letter, start, end] = line.batch;
      ordinals[ordinal]?.spans[STREAM_OF_LETTER[letter]].batches.set(start, end);
    } else if ("op" in line) {
      this.delivered.set(line.op, line.id);
      this.refused.delete(line.op);
      this.#settle(line.op);
    } else if ("refusedOp" in line) {
      this.refused.set(line.refusedOp, line.refusal);
      this.#settle(line.refusedOp);
    } else if ("refusedRows" in line) {
      const [ordinal, letter, start, end, rows] = line.refusedRows;
      ordinals[ordinal]?.spans[STREAM_OF_LETTER[letter]].refused.set(start, { end, rows, refusal: line.refusal });
    } else if ("row" in line) {
      this.rowIds.set(line.row, line.id);
    } else {
      this.parked = line.parked ?? undefined;
    }
  }

  /** The fewest lines that say all that the acknowledgements said. */
  acknowledgements(): AcksLine[] {
    const lines: AcksLine[] = [];
    const sessions = [...this.sessions.byNonce.values()];
    sessions.forEach((session, ordinal) => {
      lines.push(lineOf(session, ordinal));
    });
    sessions.forEach((session, ordinal) => {
      for (const stream of Object.values(STREAM_OF_LETTER))
        lines.push(...linesOfSpan(session.spans[stream], ordinal, stream));
    });
    for (const [op, id] of this.delivered) lines.push({ op, id });
    for (const [refusedOp, refusal] of this.refused) lines.push({ refusedOp, refusal });
    for (const [row, id] of this.rowIds) lines.push({ row, id });
    if (this.parked !== undefined) lines.push({ parked: this.parked });
    return lines;
  }

  /** What was made last comes last: the place is looked for from there. */
  #await(operation: Operation): void {
    if (this.delivered.has(operation.key) || this.refused.has(operation.key)) return;
    const before = this.#waiting.findLastIndex(({ at }) => at <= operation.at);
    this.#waiting.splice(before + 1, 0, operation);
  }

  /** What goes out is the first, or one of the first. */
  #settle(key: string): void {
    const at = this.#waiting.findIndex((operation) => operation.key === key);
    if (at !== -1) this.#waiting.splice(at, 1);
  }
}

function linesOfSpan({ done, refused, batches }: Span, ordinal: number, stream: StreamName): AcksLine[] {
  const letter = letterOf(stream);
  const lines: AcksLine[] = done.list.map(({ start, end, delivered, skipped }) => [
    ordinal,
    letter,
    start,
    end,
    delivered,
    skipped,
  ]);
  for (const [start, { end, rows, refusal }] of refused)
    lines.push({ refusedRows: [ordinal, letter, start, end, rows], refusal });
  for (const [start, end] of batches) {
    if (done.firstGap(start) === start && !refused.has(start)) lines.push({ batch: [ordinal, letter, start, end] });
  }
  return lines;
}

/** The line that names a session. */
export function lineOf({ nonce, slot, at, from, until }: Session, ordinal: number): KnownSessionLine {
  return { ordinal, session: nonce, slot, at, from, until };
}
