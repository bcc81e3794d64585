import type { OperationName, StreamName } from "../api/routes.js";
import type { FolderKind } from "../store/paths.js";
import { type Session, Sessions, type Span } from "./sessions.js";
import {
  type AcksLine,
  type CreateLine,
  letterOf,
  type NamedSessionLine,
  type OpsLine,
  type PatchLine,
  type Rejection,
  STREAM_OF_LETTER,
} from "./sync-lines.js";

/** A create or a patch as it was accepted. */
export type Operation = (CreateLine | PatchLine) & { readonly slot: number };

/** The fields of a create or a patch. */
export function fieldsOf(operation: Operation): Readonly<Record<string, unknown>> {
  return "create" in operation ? operation.create : operation.patch;
}

/** The name of the write that a create or a patch of an entity is. */
export function writeNameOf(kind: FolderKind, operation: Operation): OperationName {
  const isRun = kind === "run";
  if ("create" in operation) return isRun ? "createRun" : "createExperiment";
  return isRun ? "updateRun" : "updateExperiment";
}

/** The state that results from all lines of a sync log. */
export class SyncState {
  readonly sessions = new Sessions();
  /** Creates and patches by key. */
  readonly operations = new Map<string, Operation>();
  /** The create of the folder's entity; undefined if the entity was created elsewhere. */
  creation: (CreateLine & { readonly slot: number }) | undefined;
  /** Delivered creates and patches by key; for a create, with the backend's id. */
  readonly delivered = new Map<string, string | undefined>();
  readonly rejected = new Map<string, Rejection>();
  /** The backend's ids of evals and checkpoints, by our own. */
  readonly rowIds = new Map<string, string>();
  parked: Rejection | undefined;
  /** Whether the entity was created offline in this folder, so the backend does not know the folder's name. */
  wasMadeHere = false;
  /** The time of the last create or patch, in seconds since the epoch. */
  latestAt = 0;
  readonly #pending: Operation[] = [];

  /** The time of a change that is being made: later than every change of the folder, because a clock may be set back. */
  nextAt(): number {
    return Math.max(Date.now() / 1000, this.latestAt + 0.001);
  }

  /** The creates and patches that were neither delivered nor rejected, in order. */
  get pending(): readonly Operation[] {
    return this.#pending;
  }

  addOperation(operation: Operation): void {
    if (this.operations.has(operation.key)) return;
    this.operations.set(operation.key, operation);
    this.latestAt = Math.max(this.latestAt, operation.at);
    if ("create" in operation) this.creation ??= operation;
    this.#await(operation);
  }

  /** Requeues a rejected create or patch; returns false if it was not rejected. */
  retry(operation: Operation): boolean {
    if (!this.rejected.delete(operation.key)) return false;
    this.#await(operation);
    return true;
  }

  /** Applies a line of a slot's ops log. */
  applyOp(line: OpsLine, slot: number): void {
    if ("session" in line) {
      const last = line.after === undefined ? undefined : this.sessions.last(slot, line.at);
      // Rows between its end and the start of this session are foreign.
      if (last !== undefined) last.until = line.after;
      this.sessions.add({ ...line, slot });
      this.wasMadeHere ||= line.made === true;
    } else if ("call" in line) {
      const [letter, start, end] = line.call;
      const span = this.sessions.byNonce.get(line.within)?.spans[STREAM_OF_LETTER[letter]];
      if (span === undefined) return;
      span.lastCalls = { start: span.lastCalls.end === start ? span.lastCalls.start : start, end };
      // A smaller batch that was split off takes precedence.
      if (!span.batches.has(start)) span.batches.set(start, end);
    } else {
      if ("create" in line && line.id !== undefined) this.delivered.set(line.key, line.id);
      this.addOperation({ ...line, slot });
    }
  }

  /** Applies a line of the acknowledgement log. `ordinals` are the sessions that the file has named so far. */
  apply(line: AcksLine, ordinals: Session[]): void {
    if (Array.isArray(line)) {
      const [ordinal, letter, start, end, delivered, skipped] = line;
      const span = ordinals[ordinal]?.spans[STREAM_OF_LETTER[letter]];
      span?.acknowledged.add(start, end, delivered, skipped);
      span?.rejected.delete(start);
      span?.batches.delete(start);
    } else if ("session" in line) {
      ordinals[line.ordinal] = this.sessions.add(line);
    } else if ("batch" in line) {
      const [ordinal, letter, start, end] = line.batch;
      ordinals[ordinal]?.spans[STREAM_OF_LETTER[letter]].batches.set(start, end);
    } else if ("op" in line) {
      this.delivered.set(line.op, line.id);
      this.rejected.delete(line.op);
      this.#settle(line.op);
    } else if ("refusedOp" in line) {
      this.rejected.set(line.refusedOp, line.refusal);
      this.#settle(line.refusedOp);
    } else if ("refusedRows" in line) {
      const [ordinal, letter, start, end, rows] = line.refusedRows;
      ordinals[ordinal]?.spans[STREAM_OF_LETTER[letter]].rejected.set(start, { end, rows, rejection: line.refusal });
    } else if ("row" in line) {
      this.rowIds.set(line.row, line.id);
    } else {
      this.parked = line.parked ?? undefined;
    }
  }

  /** The lines of a compacted acknowledgement log. */
  acknowledgements(): AcksLine[] {
    const sessions = [...this.sessions.byNonce.values()];
    const lines: AcksLine[] = sessions.map(sessionLineOf);
    sessions.forEach((session, ordinal) => {
      for (const stream of Object.values(STREAM_OF_LETTER))
        lines.push(...linesOfSpan(session.spans[stream], ordinal, stream));
    });
    for (const [op, id] of this.delivered) lines.push({ op, id });
    for (const [refusedOp, refusal] of this.rejected) lines.push({ refusedOp, refusal });
    for (const [row, id] of this.rowIds) lines.push({ row, id });
    if (this.parked !== undefined) lines.push({ parked: this.parked });
    return lines;
  }

  /** Inserts an operation in order of time, searching from the end, because it is usually the latest. */
  #await(operation: Operation): void {
    if (this.delivered.has(operation.key) || this.rejected.has(operation.key)) return;
    const before = this.#pending.findLastIndex(({ at }) => at <= operation.at);
    this.#pending.splice(before + 1, 0, operation);
  }

  #settle(key: string): void {
    const at = this.#pending.findIndex((operation) => operation.key === key);
    if (at !== -1) this.#pending.splice(at, 1);
  }
}

function linesOfSpan({ acknowledged, rejected, batches }: Span, ordinal: number, stream: StreamName): AcksLine[] {
  const letter = letterOf(stream);
  const lines: AcksLine[] = [];
  for (const { start, end, delivered, skipped } of acknowledged.list)
    lines.push([ordinal, letter, start, end, delivered, skipped]);
  for (const [start, { end, rows, rejection }] of rejected)
    lines.push({ refusedRows: [ordinal, letter, start, end, rows], refusal: rejection });
  for (const [start, end] of batches) {
    if (acknowledged.firstGap(start) === start && !rejected.has(start))
      lines.push({ batch: [ordinal, letter, start, end] });
  }
  return lines;
}

/** The line that assigns a session its ordinal. */
export function sessionLineOf({ nonce, slot, at, from, until }: Session, ordinal: number): NamedSessionLine {
  return { ordinal, session: nonce, slot, at, from, until };
}
