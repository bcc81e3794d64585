import { STREAMS } from "../../api/routes.js";
import type { Counts } from "../../delivery/counters.js";
import { MirrorError } from "../../errors.js";
import type { EntityStore } from "../../journal/entity-store.js";
import {
  type EntityFiles,
  type InspectedEntity,
  inspectMirror,
  isEmpty,
  isLost,
  type LockOwners,
  lastWriteOf,
  lockOwnersOf,
  unclaimedRows,
} from "../../journal/inspect.js";
import { type CountedLines, Segment } from "../../journal/segment.js";
import type { Rejection } from "../../journal/sync-lines.js";
import type { TornLine } from "../../journal/unclaimed.js";

/** The kinds of writes that are counted separately: the creates and patches of the document, and the streams. */
export const WRITE_KINDS = ["document", "metrics", "evals", "checkpoints", "predictions"] as const;

/** A kind of an entity's writes. */
export type WriteKind = (typeof WRITE_KINDS)[number];

/** The writes that the backend rejected for the same reason. */
export interface RejectedWrites {
  readonly of: WriteKind;
  readonly writes: number;
  readonly status: number;
  readonly reason: string;
  /** When the last of them was rejected, in milliseconds since the epoch. */
  readonly at: number;
}

/** The counts of an experiment's or a run's writes, and what its folder contains. */
export interface EntityCounts {
  readonly found: InspectedEntity;
  /** The backend's id; undefined until the create is delivered. */
  readonly backendId: string | undefined;
  readonly lastWriteAt: number | undefined;
  readonly writes: Readonly<Record<WriteKind, Counts>>;
  readonly total: Counts;
  readonly rejected: readonly RejectedWrites[];
  /** The backend's rejection if it does not know the entity. */
  readonly parked: Rejection | undefined;
  readonly lockOwners: LockOwners;
  /** Whether the folder has foreign rows, which are sent only with --adopt. */
  readonly hasForeignRows: boolean;
  /** Torn lines that no session wrote. */
  readonly tornLines: readonly TornLine[];
  /** Whether nothing was ever written to it. */
  readonly isEmpty: boolean;
  readonly problem: string | undefined;
}

type Counting = { -readonly [Kind in keyof Counts]: number };

/** Counts the writes of all experiments and runs of a mirror. */
export function entityCountsIn(root: string): EntityCounts[] {
  return inspectMirror(root).map((found) => entityCountsOf(found));
}

/** Counts the writes of an entity. Only its unsettled rows are read. */
export function entityCountsOf(found: InspectedEntity, lines?: CountedLines): EntityCounts {
  try {
    return countEntity(found, lines);
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    return countEntity({ ...found, entity: undefined, problem: found.problem ?? error.message }, lines);
  }
}

/** The backend's id of an entity; undefined until its create is delivered. An entity created elsewhere already has it. */
export function backendIdOf({ id, log }: EntityStore): string | undefined {
  const { creation, delivered } = log.state;
  if (creation === undefined) return id;
  return delivered.has(creation.key) ? (delivered.get(creation.key) ?? id) : undefined;
}

/** The sum of counts. */
export function sumOf(counts: Iterable<Counts>): Counts {
  const sum = none();
  for (const { delivered, pending, rejected, skipped } of counts) {
    sum.delivered += delivered;
    sum.pending += pending;
    sum.rejected += rejected;
    sum.skipped += skipped;
  }
  return sum;
}

function countEntity(found: InspectedEntity, lines: CountedLines | undefined): EntityCounts {
  const { entity, problem } = found;
  const writes = entity === undefined ? nothing() : writesOf(entity, found.files, lines);
  const unclaimed = unclaimedRows(found);
  for (const { stream, rows } of unclaimed) writes[stream].skipped += rows;
  const hasLostOps = isLost(found);
  if (hasLostOps) writes.document.skipped += 1;
  return {
    found,
    backendId: entity === undefined ? undefined : backendIdOf(entity),
    lastWriteAt: lastWriteOf(found),
    writes,
    total: sumOf(Object.values(writes)),
    rejected: entity === undefined ? [] : rejectedWritesOf(entity),
    parked: entity?.log.state.parked,
    lockOwners: lockOwnersOf(found),
    hasForeignRows: !hasLostOps && unclaimed.some(({ rows }) => rows > 0),
    tornLines: unclaimed.flatMap(({ tornLine }) => tornLine ?? []),
    isEmpty: isEmpty(found),
    problem,
  };
}

function writesOf(
  entity: EntityStore,
  files: EntityFiles,
  lines: CountedLines | undefined,
): Record<WriteKind, Counting> {
  const writes = nothing();
  const { operations, delivered, rejected, sessions } = entity.log.state;
  for (const key of operations.keys()) {
    writes.document[delivered.has(key) ? "delivered" : rejected.has(key) ? "rejected" : "pending"] += 1;
  }
  for (const { spans } of sessions.byNonce.values()) {
    for (const stream of STREAMS) {
      for (const range of spans[stream].acknowledged.list) {
        writes[stream].delivered += range.delivered;
        writes[stream].skipped += range.skipped;
      }
      for (const { rows } of spans[stream].rejected.values()) writes[stream].rejected += rows;
    }
  }
  for (const { stream, slot, sizeBytes } of entity.kind === "run" ? files.segments : []) {
    const segment = new Segment(entity, stream, slot);
    writes[stream].pending += segment.countOpen(sizeBytes, lines);
    segment.close();
  }
  return writes;
}

function rejectedWritesOf({ log }: EntityStore): RejectedWrites[] {
  const groups = new Map<string, RejectedWrites>();
  const add = (of: WriteKind, writes: number, { status, reason, at }: Rejection): void => {
    const key = `${of} ${status} ${reason}`;
    const before = groups.get(key);
    const last = Math.max(before?.at ?? 0, at * 1000);
    groups.set(key, { of, writes: (before?.writes ?? 0) + writes, status, reason, at: last });
  };
  for (const [key, rejection] of log.state.rejected) if (log.state.operations.has(key)) add("document", 1, rejection);
  for (const { spans } of log.state.sessions.byNonce.values()) {
    for (const stream of STREAMS) {
      for (const { rows, rejection } of spans[stream].rejected.values()) add(stream, rows, rejection);
    }
  }
  return [...groups.values()];
}

function nothing(): Record<WriteKind, Counting> {
  return { document: none(), metrics: none(), evals: none(), checkpoints: none(), predictions: none() };
}

function none(): Counting {
  return { delivered: 0, pending: 0, rejected: 0, skipped: 0 };
}
