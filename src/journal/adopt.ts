import { createHash, type Hash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { zExperimentCreate, zExperimentPatch, zRunCreate } from "../../generated/schemas.js";
import { encode } from "../api/lossless-json.js";
import type { StreamName } from "../api/routes.js";
import { type MirrorDocument, readDocument } from "../store/document.js";
import { assertNoLinks } from "../store/links.js";
import { documentPath, entityFolder, type FolderKind, folderOf } from "../store/paths.js";
import { isRow } from "../store/rows.js";
import { type SegmentFile, segmentFilesOf } from "./entity-files.js";
import { letterOf, type Offsets } from "./sync-lines.js";
import { SyncLog } from "./sync-log.js";
import type { SyncState } from "./sync-state.js";
import { hasLostOps, type TornLine, tornLineOf, unclaimedLines } from "./unclaimed.js";

const FIRST_SLOT = 1;
const ROWS_IN_A_BATCH = 200;
const NOWHERE: Offsets = { metrics: 0, evals: 0, checkpoints: 0, predictions: 0 };

/** Which fields of a document belong to the create, and which to a subsequent patch. */
const SPLIT = {
  experiment: { create: zExperimentCreate.shape, patch: zExperimentPatch.shape },
  run: { create: zRunCreate.shape, patch: undefined },
} as const;

type Fields = Record<string, unknown>;

/** Consecutive rows of one segment that belong to no session of this package. */
interface Gap {
  readonly stream: StreamName;
  readonly slot: number;
  readonly start: number;
  end: number;
  rows: number;
  /** The batches, for predictions. */
  readonly batches: [number, number][];
  /** A hash of the rows and their position, from which the nonce is made. */
  readonly hash: Hash;
}

/** The foreign rows and documents of a folder: another client wrote them, and the sync log does not contain them. */
export interface Adoption {
  readonly gaps: readonly Gap[];
  /** Torn lines, which are not adopted. */
  readonly tornLines: readonly TornLine[];
  /** The create and patch of the entity, if they may be unknown to the backend. */
  readonly creation: { readonly key: string; readonly create: Fields; readonly patch: Fields } | undefined;
  /** When the entity was created and last changed, in seconds since the epoch. */
  readonly madeAt: number;
  readonly changedAt: number;
}

/**
 * What can be adopted in a folder; undefined if there is nothing. Keys are derived from the contents and the project, so a
 * copy of the folder that is adopted elsewhere has the same keys.
 */
export function adoptionOf(root: string, kind: FolderKind, id: string, projectId: string): Adoption | undefined {
  const folder = entityFolder(root, kind, id);
  const log = new SyncLog(folder);
  assertNoLinks(folderOf(root, kind), folder, log.folder);
  const document = readDocument(documentPath(root, kind, id));
  if (SyncLog.existsIn(folder)) log.load();
  const { creation, parked, delivered } = log.state;
  // A create whose line in the ops log is lost may still have its acknowledgement.
  const isUnknown = creation === undefined && !delivered.has(id) && (hasLostOps(log.state) || parked !== undefined);
  log.close();
  const tornLines: TornLine[] = [];
  const gaps = segmentFilesOf(folder).flatMap((segment) =>
    gapsOf(segment, log.state, [projectId, kind, id], (torn) => tornLines.push(torn)),
  );
  const made = isUnknown && document !== undefined ? split(kind, document) : undefined;
  if (made === undefined && gaps.length + tornLines.length === 0) return undefined;
  const madeAt = document?._created_at ?? 0;
  const changedAt = Math.max(madeAt, document?._updated_at ?? madeAt);
  const key = nonceOf(hashOf([projectId, kind, id, encode(document ?? null)]));
  return { gaps, tornLines, creation: made && { key, ...made }, madeAt, changedAt };
}

/** Adopts what another client wrote to a folder, as if this package had written it. */
export function adopt(folder: string, { gaps, creation, madeAt, changedAt }: Adoption): void {
  const slots = new Set([...(creation === undefined ? [] : [FIRST_SLOT]), ...gaps.map(({ slot }) => slot)]);
  for (const slot of slots) {
    const ops = new SyncLog(folder).openOps(slot);
    for (const gap of gaps) if (gap.slot === slot) for (const line of sessionLines(gap, madeAt)) ops.appendNow(line);
    if (creation !== undefined && slot === FIRST_SLOT) {
      ops.appendNow(encode({ key: `${creation.key}:create`, at: madeAt, create: creation.create }));
      if (Object.keys(creation.patch).length > 0)
        ops.appendNow(encode({ key: `${creation.key}:patch`, at: changedAt, patch: creation.patch }));
    }
    ops.file.syncToDisk();
    ops.close();
  }
}

/** The ops log lines that turn the rows of a gap into a session. */
function sessionLines({ stream, start, end, hash, batches }: Gap, at: number): string[] {
  const nonce = nonceOf(hash);
  const from = { ...NOWHERE, [stream]: start };
  const until = { ...NOWHERE, [stream]: end };
  const session = JSON.stringify({ session: nonce, at, from, until });
  if (stream !== "predictions") return [session];
  return [session, ...batches.map((batch) => JSON.stringify({ call: [letterOf(stream), ...batch], within: nonce }))];
}

/** The gaps of a segment: ranges that no session wrote, because another client did or the ops log is lost. */
function gapsOf(
  segment: SegmentFile,
  state: SyncState,
  names: readonly string[],
  onTorn: (line: TornLine) => void,
): Gap[] {
  const { stream, slot } = segment;
  const file = slot === FIRST_SLOT ? stream : `${stream}.${slot}`;
  const gaps: Gap[] = [];
  for (const line of unclaimedLines(segment, state)) {
    if (!isRow(line)) {
      onTorn(tornLineOf(segment, line));
      continue;
    }
    const { start, end, bytes } = line;
    let gap = gaps.at(-1);
    if (gap?.end !== start) {
      gap = { stream, slot, start, end, rows: 0, batches: [], hash: hashOf([...names, file, String(start)]) };
      gaps.push(gap);
    }
    gap.end = end;
    gap.hash.update(bytes).update("\n");
    const batch = gap.batches.at(-1);
    if (batch === undefined || gap.rows % ROWS_IN_A_BATCH === 0) gap.batches.push([start, end]);
    else batch[1] = end;
    gap.rows += 1;
  }
  return gaps;
}

/** Whether a folder contains groups, for which the backend has no route. */
export function hasGroups(root: string, kind: FolderKind, id: string): boolean {
  return existsSync(join(entityFolder(root, kind, id), "groups.jsonl"));
}

function split(kind: FolderKind, document: MirrorDocument): { create: Fields; patch: Fields } {
  const { id: _, _created_at, _updated_at, ...fields } = document;
  const said = Object.entries(fields).filter(([, value]) => value !== null);
  const { create, patch } = SPLIT[kind];
  const isLater = (field: string): boolean => !(field in create) && (patch === undefined || field in patch);
  return {
    create: Object.fromEntries(said.filter(([field]) => field in create)),
    patch: Object.fromEntries(said.filter(([field]) => isLater(field))),
  };
}

function hashOf(parts: readonly string[]): Hash {
  return createHash("sha256").update(parts.join("\n"));
}

function nonceOf(hash: Hash): string {
  return `adopted-${hash.digest("hex").slice(0, 32)}`;
}
