import { createHash, type Hash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { zExperimentCreate, zExperimentPatch, zRunCreate } from "../../generated/schemas.js";
import type { StreamName } from "../operations.js";
import { type MirrorDocument, readDocument } from "./document.js";
import { sizeOf } from "./files.js";
import { linesOf } from "./line-reader.js";
import { refuseLinks } from "./links.js";
import { encode } from "./lossless-json.js";
import { documentPath, entityFolder, type FolderKind, folderOf, segmentName } from "./paths.js";
import { parseRow } from "./rows.js";
import { letterOf, type Offsets } from "./sync-lines.js";
import { SyncLog } from "./sync-log.js";
import type { SyncState } from "./sync-state.js";

const STREAMS: readonly StreamName[] = ["metrics", "evals", "checkpoints", "predictions"];
const FIRST_SLOT = 1;
const ROWS_IN_A_BATCH = 200;
const NOWHERE: Offsets = { metrics: 0, evals: 0, checkpoints: 0, predictions: 0 };

/** What of a document goes into the create, and what into a patch after it. */
const SPLIT = {
  experiment: { create: zExperimentCreate.shape, patch: zExperimentPatch.shape },
  run: { create: zRunCreate.shape, patch: undefined },
} as const;

type Fields = Record<string, unknown>;

/** Rows of one file that no session of this client's holds. */
interface Gap {
  readonly stream: StreamName;
  readonly start: number;
  readonly end: number;
  readonly rows: number;
  /** Rows that go out together, where they are predictions. */
  readonly batches: readonly (readonly [number, number])[];
  /** Names the rows by what and where they are. */
  readonly nonce: string;
}

interface GapInProgress extends Omit<Gap, "nonce"> {
  end: number;
  rows: number;
  readonly batches: [number, number][];
  readonly hash: Hash;
}

/** What another client wrote to a folder and this one does not have in its sync log. */
export interface Adoption {
  readonly gaps: readonly Gap[];
  /** What makes the entity, where the backend does not know it. */
  readonly making: { readonly key: string; readonly create: Fields; readonly patch: Fields } | undefined;
  /** When the entity was made and last changed, in seconds since the epoch. */
  readonly madeAt: number;
  readonly changedAt: number;
}

/**
 * What there is to adopt in a folder; undefined where there is nothing. Keys come from the contents and the project: a copy
 * of the folder, adopted elsewhere, has the same ones.
 */
export function adoptionOf(root: string, kind: FolderKind, id: string, projectId: string): Adoption | undefined {
  const folder = entityFolder(root, kind, id);
  const log = new SyncLog(folder);
  refuseLinks(folderOf(root, kind), folder, log.folder);
  const document = readDocument(documentPath(root, kind, id));
  const isForeign = !SyncLog.existsIn(folder);
  if (!isForeign) log.load();
  const isUnknown = log.state.creation === undefined && (isForeign || log.state.parked !== undefined);
  log.close();
  const gaps = STREAMS.flatMap((stream) => gapsOf(folder, stream, log.state, [projectId, kind, id]));
  const made = isUnknown && document !== undefined ? split(kind, document) : undefined;
  if (made === undefined && gaps.length === 0) return undefined;
  const madeAt = document?._created_at ?? 0;
  const changedAt = Math.max(madeAt, document?._updated_at ?? madeAt);
  const key = nonceOf(hashOf([projectId, kind, id, encode(document ?? null)]));
  return { gaps, making: made && { key, ...made }, madeAt, changedAt };
}

/** Takes over what another client wrote to a folder, as if this client had written it. */
export function adopt(folder: string, { gaps, making, madeAt, changedAt }: Adoption): void {
  const ops = new SyncLog(folder).openOps(FIRST_SLOT);
  for (const { stream, start, end, nonce, batches } of gaps) {
    const [from, until] = [
      { ...NOWHERE, [stream]: start },
      { ...NOWHERE, [stream]: end },
    ];
    ops.appendNow(JSON.stringify({ session: nonce, at: madeAt, from, until }));
    if (stream !== "predictions") continue;
    for (const batch of batches) ops.appendNow(JSON.stringify({ call: [letterOf(stream), ...batch], within: nonce }));
  }
  if (making !== undefined) {
    ops.appendNow(encode({ key: `${making.key}:create`, at: madeAt, create: making.create }));
    if (Object.keys(making.patch).length > 0)
      ops.appendNow(encode({ key: `${making.key}:patch`, at: changedAt, patch: making.patch }));
  }
  ops.syncToDisk();
  ops.close();
}

/** The stretches of the unnumbered file of a stream that no session wrote: another client's. */
function gapsOf(folder: string, stream: StreamName, state: SyncState, names: readonly string[]): Gap[] {
  const file = join(folder, segmentName(stream, FIRST_SLOT));
  if (state.unclaimedStarts(FIRST_SLOT, stream, sizeOf(file)).length === 0) return [];
  const gaps: GapInProgress[] = [];
  let gap: GapInProgress | undefined;
  for (const { start, end, bytes, isTerminated } of linesOf(file)) {
    if (state.sessionAt(FIRST_SLOT, stream, start) !== undefined) {
      gap = undefined;
    } else if (isTerminated || parseRow(bytes.toString()) !== undefined) {
      if (gap === undefined) {
        gap = { stream, start, end, rows: 0, batches: [], hash: hashOf([...names, stream, String(start)]) };
        gaps.push(gap);
      }
      gap.end = end;
      gap.hash.update(bytes).update("\n");
      const batch = gap.batches.at(-1);
      if (batch === undefined || gap.rows % ROWS_IN_A_BATCH === 0) gap.batches.push([start, end]);
      else batch[1] = end;
      gap.rows += 1;
    }
  }
  return gaps.map(({ hash, ...found }) => ({ ...found, nonce: nonceOf(hash) }));
}

/** Whether a folder holds rows of groups, for which the backend has no route. */
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
