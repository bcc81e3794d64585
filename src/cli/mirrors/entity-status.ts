import { basename } from "node:path";
import type { Counts } from "../../delivery/counters.js";
import { type InspectedEntity, isOurs, strangeNames } from "../../journal/inspect.js";
import type { LockOwner } from "../../journal/lock.js";
import type { FolderKind } from "../../store/paths.js";
import { bestScoreOf } from "../../store/run-catalog.js";
import { type Scalar, scalarOf } from "../../util/scalar.js";
import type { EntityCounts, WriteKind } from "./entity-counts.js";

/** The status of an experiment or a run, as `status --json` prints it. Times are ISO 8601; null if unknown. */
export interface EntityStatus {
  readonly kind: FolderKind;
  readonly id: string;
  /** The backend's id, even if it is the same as `id`. */
  readonly backendId: string | null;
  readonly name: string | null;
  /** The status in the document. */
  readonly state: string | null;
  /** The error message in its document. */
  readonly errorMessage: string | null;
  /** The experiment id in the run's document. */
  readonly experimentId: string | null;
  readonly path: string;
  readonly createdAt: string | null;
  readonly lastWriteAt: string | null;
  /** When a row was last logged, from the files' modification times. */
  readonly lastRowAt: string | null;
  /** The best score in its document. */
  readonly bestScore: Scalar | null;
  /** The duration of a run so far: from its document, else the time from its create to its last change. */
  readonly durationSeconds: number | null;
  readonly writes: Readonly<Record<WriteKind, Counts>>;
  readonly total: Counts;
  readonly rejected: readonly RejectedStatus[];
  /** Why pending writes are parked. Does not include an unavailable backend. */
  readonly held: readonly string[];
  /** Whether the backend does not know it, so that another sync does not help. */
  readonly isUnknown: boolean;
  /** The running process that sends for it. */
  readonly owner: LockOwner | null;
  /** The running processes that write to it. */
  readonly writers: readonly LockOwner[];
  /** Whether another client wrote the folder, so it has no sync log. */
  readonly isForeign: boolean;
  /** Whether it has foreign rows, which are sent only with --adopt. */
  readonly hasForeignRows: boolean;
  /** The torn lines of its files, which are never sent. */
  readonly tornLines: readonly TornLineStatus[];
  /** Whether nothing was ever written to it. A failed create leaves such a folder. */
  readonly isEmpty: boolean;
  /** Files that are never sent, such as `groups.jsonl`. */
  readonly otherFiles: readonly string[];
  /** Why something could not be read. */
  readonly problem: string | null;
}

/** Writes that were rejected for the same reason. */
export interface RejectedStatus {
  readonly of: WriteKind;
  readonly writes: number;
  readonly status: number;
  readonly reason: string;
  readonly at: string;
}

/** A torn line: its file and its position. */
export interface TornLineStatus {
  readonly file: string;
  readonly byte: number;
}

/** Converts the counts of an entity to its status. `held`: why its pending writes are parked. */
export function entityStatus(counts: EntityCounts, held: readonly string[]): EntityStatus {
  const { found, lockOwners } = counts;
  return {
    kind: found.kind,
    id: found.id,
    backendId: counts.backendId ?? null,
    name: nameOf(found) ?? null,
    state: textIn(found.document, "status") ?? null,
    errorMessage: textIn(found.document, "error_message") ?? null,
    experimentId: found.kind === "run" ? (experimentOf(found) ?? null) : null,
    path: found.path,
    createdAt: iso(found.document === undefined ? undefined : Number(found.document._created_at) * 1000),
    lastWriteAt: iso(counts.lastWriteAt),
    lastRowAt: iso(lastRowAt(found)),
    bestScore: scalarOf(bestScoreOf(found.document)),
    durationSeconds: found.kind === "run" ? durationOf(counts) : null,
    writes: counts.writes,
    total: counts.total,
    rejected: counts.rejected.map((each) => ({ ...each, at: new Date(each.at).toISOString() })),
    held,
    isUnknown: counts.parked !== undefined && counts.total.pending > 0,
    owner: pidAndHost(lockOwners.sender) ?? null,
    writers: lockOwners.writers.flatMap((writer) => pidAndHost(writer) ?? []),
    isForeign: !(isOurs(found) || counts.isEmpty),
    hasForeignRows: counts.hasForeignRows,
    tornLines: counts.tornLines.map(({ path, start }) => ({ file: basename(path), byte: start })),
    isEmpty: counts.isEmpty,
    otherFiles: strangeNames(found),
    problem: counts.problem ?? null,
  };
}

/** The name of an experiment or a run. */
export function nameOf({ kind, document }: InspectedEntity): string | undefined {
  if (kind === "experiment") return textIn(document, "experiment_name");
  return textIn(document?.run_config, "name");
}

/** The experiment that a run names: in its document, or in the create that made it. */
export function experimentOf({ document, entity }: InspectedEntity): string | undefined {
  return textIn(document, "experiment_id") ?? textIn(entity?.log.state.creation?.create, "experiment_id");
}

/** The project of an experiment of this client's, as its create names it. */
export function projectOf({ entity }: InspectedEntity): unknown {
  return entity?.log.state.creation?.create.project_id;
}

function lastRowAt({ files }: InspectedEntity): number | undefined {
  const times = files.segments.flatMap(({ sizeBytes, changedAt }) => (sizeBytes > 0 ? changedAt : []));
  return times.length === 0 ? undefined : Math.max(...times);
}

function durationOf({ found: { document }, lastWriteAt = Number.NaN }: EntityCounts): number | null {
  if (typeof document?.duration_seconds === "number") return document.duration_seconds;
  const until = hasEnded(textIn(document, "status")) ? Number(document?._updated_at) : lastWriteAt / 1000;
  const seconds = until - Number(document?._created_at);
  return seconds >= 0 ? seconds : null;
}

/** Whether a run with this status has ended. */
export function hasEnded(state: string | null | undefined): boolean {
  return state === "completed" || state === "failed" || state === "cancelled";
}

/** The public part of a lock's owner. */
function pidAndHost(owner: LockOwner | undefined): LockOwner | undefined {
  return owner === undefined ? undefined : { pid: owner.pid, host: owner.host };
}

function textIn(value: unknown, field: string): string | undefined {
  const text: unknown = Object(value)[field];
  return typeof text === "string" && text !== "" ? text : undefined;
}

function iso(ms: number | undefined): string | null {
  return ms === undefined || !(Math.abs(ms) <= 8.64e15) ? null : new Date(ms).toISOString();
}
