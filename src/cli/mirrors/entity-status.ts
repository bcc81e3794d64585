import { basename } from "node:path";
import type { Counts } from "../../delivery/counters.js";
import { type InspectedEntity, isOurs, strangeNames } from "../../journal/inspect.js";
import type { LockOwner } from "../../journal/lock.js";
import type { FolderKind } from "../../store/paths.js";
import { bestScoreOf } from "../../store/run-catalog.js";
import { type Scalar, scalarOf } from "../../util/scalar.js";
import type { Standing, Written } from "./entity-counts.js";

/** How an experiment or a run stands, as `status --json` has it. Times are ISO 8601; null where nothing is known. */
export interface EntityStatus {
  readonly kind: FolderKind;
  readonly id: string;
  /** The backend's id, also where it is the same. */
  readonly backendId: string | null;
  readonly name: string | null;
  /** The status that the document has. */
  readonly state: string | null;
  /** What went wrong, where its document says so. */
  readonly errorMessage: string | null;
  /** The experiment of a run, as the run names it. */
  readonly experimentId: string | null;
  readonly path: string;
  readonly createdAt: string | null;
  readonly lastWriteAt: string | null;
  /** When a row was last logged, as far as the files tell. */
  readonly lastRowAt: string | null;
  /** The best score that its document has. */
  readonly bestScore: Scalar | null;
  /** How long a run took, or has taken so far: what its document says, else from its create to its last change. */
  readonly durationSeconds: number | null;
  readonly writes: Readonly<Record<Written, Counts>>;
  readonly total: Counts;
  readonly rejected: readonly RejectedStatus[];
  /** Why pending writes cannot go out, where it is not the backend's being away. */
  readonly held: readonly string[];
  /** Whether the backend does not know it: a sync alone changes nothing then. */
  readonly isUnknown: boolean;
  /** The live process that sends for it. */
  readonly owner: LockOwner | null;
  /** The live processes that write to it. */
  readonly writers: readonly LockOwner[];
  /** Whether another client wrote the folder: there is no sync log in it. */
  readonly isForeign: boolean;
  /** Whether another client has written rows to it, which go with --adopt only. */
  readonly hasForeignRows: boolean;
  /** Last lines of its files that are incomplete, which are never sent. */
  readonly tornLines: readonly TornLineStatus[];
  /** Whether nothing was ever written to it: a create that failed leaves such a folder. */
  readonly isEmpty: boolean;
  /** Files in it that no sync sends, such as `groups.jsonl`. */
  readonly otherFiles: readonly string[];
  /** What of it could not be read. */
  readonly problem: string | null;
}

/** Writes that were refused for one reason. */
export interface RejectedStatus {
  readonly of: Written;
  readonly writes: number;
  readonly status: number;
  readonly reason: string;
  readonly at: string;
}

/** An incomplete last line: its file, and the byte where it starts. */
export interface TornLineStatus {
  readonly file: string;
  readonly byte: number;
}

/** The status of an entity from how it stands and what holds it. */
export function entityStatus(standing: Standing, held: readonly string[]): EntityStatus {
  const { found, occupants } = standing;
  return {
    kind: found.kind,
    id: found.id,
    backendId: standing.backendId ?? null,
    name: nameOf(found) ?? null,
    state: textIn(found.document, "status") ?? null,
    errorMessage: textIn(found.document, "error_message") ?? null,
    experimentId: found.kind === "run" ? (experimentOf(found) ?? null) : null,
    path: found.path,
    createdAt: iso(found.document === undefined ? undefined : Number(found.document._created_at) * 1000),
    lastWriteAt: iso(standing.lastWriteAt),
    lastRowAt: iso(lastRowAt(found)),
    bestScore: scalarOf(bestScoreOf(found.document)),
    durationSeconds: found.kind === "run" ? durationOf(standing) : null,
    writes: standing.writes,
    total: standing.total,
    rejected: standing.refused.map((refused) => ({ ...refused, at: new Date(refused.at).toISOString() })),
    held,
    isUnknown: standing.parked !== undefined && standing.total.pending > 0,
    owner: plain(occupants.sender) ?? null,
    writers: occupants.writers.flatMap((writer) => plain(writer) ?? []),
    isForeign: !(isOurs(found) || standing.isEmpty),
    hasForeignRows: standing.hasForeignRows,
    tornLines: standing.tornLines.map(({ path, start }) => ({ file: basename(path), byte: start })),
    isEmpty: standing.isEmpty,
    otherFiles: strangeNames(found),
    problem: standing.problem ?? null,
  };
}

/** What people call an experiment or a run. */
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

function durationOf({ found: { document }, lastWriteAt = Number.NaN }: Standing): number | null {
  if (typeof document?.duration_seconds === "number") return document.duration_seconds;
  const until = hasEnded(textIn(document, "status")) ? Number(document?._updated_at) : lastWriteAt / 1000;
  const seconds = until - Number(document?._created_at);
  return seconds >= 0 ? seconds : null;
}

/** Whether a run of this status is over. */
export function hasEnded(state: string | null | undefined): boolean {
  return state === "completed" || state === "failed" || state === "cancelled";
}

/** A process without what tells it from a later one of its number. */
function plain(holder: LockOwner | undefined): LockOwner | undefined {
  return holder === undefined ? undefined : { pid: holder.pid, host: holder.host };
}

function textIn(value: unknown, field: string): string | undefined {
  const text: unknown = Object(value)[field];
  return typeof text === "string" && text !== "" ? text : undefined;
}

function iso(ms: number | undefined): string | null {
  return ms === undefined || !(Math.abs(ms) <= 8.64e15) ? null : new Date(ms).toISOString();
}
