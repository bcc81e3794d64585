import { STREAMS } from "../../api/routes.js";
import type { Counts } from "../../delivery/counters.js";
import { MirrorError } from "../../errors.js";
import type { EntityFiles } from "../../journal/entity-files.js";
import type { EntityStore } from "../../journal/entity-store.js";
import {
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

/** What of an entity is counted by itself: the creates and patches that make its document, and its streams. */
export const WRITTEN = ["document", "metrics", "evals", "checkpoints", "predictions"] as const;

/** A part of an entity's writes. */
export type Written = (typeof WRITTEN)[number];

/** Writes that the backend refused for one reason. */
export interface Refused {
  readonly of: Written;
  readonly writes: number;
  readonly status: number;
  readonly reason: string;
  /** When the last of them was refused, in milliseconds since the epoch. */
  readonly at: number;
}

/** How an experiment or a run stands. */
export interface Standing {
  readonly found: InspectedEntity;
  /** The backend's id; undefined as long as it has given none. */
  readonly backendId: string | undefined;
  readonly lastWriteAt: number | undefined;
  readonly writes: Readonly<Record<Written, Counts>>;
  readonly total: Counts;
  readonly refused: readonly Refused[];
  /** What the backend said where it does not know the entity. */
  readonly parked: Rejection | undefined;
  readonly occupants: LockOwners;
  /** Whether there are rows in the folder that another client wrote, sent with --adopt only. */
  readonly hasForeignRows: boolean;
  /** Cut-off last lines that no session wrote. */
  readonly tornLines: readonly TornLine[];
  /** Whether nothing was ever written to it. */
  readonly isEmpty: boolean;
  readonly problem: string | undefined;
}

type Counting = { -readonly [Kind in keyof Counts]: number };

/** How the experiments and runs of a mirror stand. */
export function standingsIn(root: string): Standing[] {
  return inspectMirror(root).map((found) => standingOf(found));
}

/** How an entity stands; of its rows, only those are read that are not settled. */
export function standingOf(found: InspectedEntity, lines?: CountedLines): Standing {
  try {
    return counted(found, lines);
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    return counted({ ...found, entity: undefined, problem: found.problem ?? error.message }, lines);
  }
}

/** The backend's id of an entity; undefined as long as it has given none. One that was not made here has its own. */
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

function counted(found: InspectedEntity, lines: CountedLines | undefined): Standing {
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
    refused: entity === undefined ? [] : refusedOf(entity),
    parked: entity?.log.state.parked,
    occupants: lockOwnersOf(found),
    hasForeignRows: !hasLostOps && unclaimed.some(({ rows }) => rows > 0),
    tornLines: unclaimed.flatMap(({ tornLine }) => tornLine ?? []),
    isEmpty: isEmpty(found),
    problem,
  };
}

function writesOf(entity: EntityStore, files: EntityFiles, lines: CountedLines | undefined): Record<Written, Counting> {
  const writes = nothing();
  const { operations, delivered, rejected, sessions } = entity.log.state;
  for (const key of operations.keys()) {
    writes.document[delivered.has(key) ? "delivered" : rejected.has(key) ? "rejected" : "pending"] += 1;
  }
  for (const { spans } of sessions.byNonce.values()) {
    for (const stream of STREAMS) {
      for (const stretch of spans[stream].acknowledged.list) {
        writes[stream].delivered += stretch.delivered;
        writes[stream].skipped += stretch.skipped;
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

function refusedOf({ log }: EntityStore): Refused[] {
  const groups = new Map<string, Refused>();
  const add = (of: Written, writes: number, { status, reason, at }: Rejection): void => {
    const key = `${of} ${status} ${reason}`;
    const before = groups.get(key);
    const last = Math.max(before?.at ?? 0, at * 1000);
    groups.set(key, { of, writes: (before?.writes ?? 0) + writes, status, reason, at: last });
  };
  for (const [key, refusal] of log.state.rejected) if (log.state.operations.has(key)) add("document", 1, refusal);
  for (const { spans } of log.state.sessions.byNonce.values()) {
    for (const stream of STREAMS) {
      for (const { rows, rejection } of spans[stream].rejected.values()) add(stream, rows, rejection);
    }
  }
  return [...groups.values()];
}

function nothing(): Record<Written, Counting> {
  return { document: none(), metrics: none(), evals: none(), checkpoints: none(), predictions: none() };
}

function none(): Counting {
  return { delivered: 0, pending: 0, rejected: 0, skipped: 0 };
}
