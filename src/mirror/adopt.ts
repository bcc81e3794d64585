import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { zExperimentCreate, zExperimentPatch, zRunCreate } from "../../generated/schemas.js";
import type { StreamName } from "../operations.js";
import { type MirrorDocument, readDocument } from "./document.js";
import { linesOf } from "./line-reader.js";
import { refuseLinks } from "./links.js";
import { encode } from "./lossless-json.js";
import { documentPath, entityFolder, type FolderKind, folderOf, segmentName } from "./paths.js";
import { letterOf, type Offsets } from "./sync-lines.js";
import { SyncLog } from "./sync-log.js";
import type { SyncState } from "./sync-state.js";
import { endsOf } from "./writer-slot.js";

const STREAMS: readonly StreamName[] = ["metrics", "evals", "checkpoints", "predictions"];
const FIRST_SLOT = 1;
const ROWS_IN_A_BATCH = 200;

/** What of a document goes into the create, and what into a patch after it. */
const SPLIT = {
  experiment: { create: zExperimentCreate.shape, patch: zExperimentPatch.shape },
  run: { create: zRunCreate.shape, patch: undefined },
} as const;

type Fields = Record<string, unknown>;

/**
 * Takes over what another client wrote to a folder, as if this client had written it: a session that holds the rows, and,
 * where the backend does not know the entity, a create and a patch that make the document. Keys come from the contents: a
 * copy of the folder, adopted elsewhere, has the same ones.
 */
export function adopt(root: string, kind: FolderKind, id: string): void {
  const folder = entityFolder(root, kind, id);
  const log = new SyncLog(folder);
  refuseLinks(folderOf(root, kind), folder, log.folder);
  const document = readDocument(documentPath(root, kind, id));
  const isForeign = !SyncLog.existsIn(folder);
  if (!isForeign) log.load();
  const until = startOfOwn(log.state, endsOf(folder, FIRST_SLOT));
  const isUnknown = log.state.creation === undefined && (isForeign || log.state.parked !== undefined);
  const creates = isUnknown && document !== undefined ? split(kind, document) : undefined;
  if (creates === undefined && STREAMS.every((stream) => until[stream] === 0)) return;
  const nonce = `adopted-${digestOf(folder, document, until)}`;
  if (log.state.sessions.has(nonce)) return;
  const from = { metrics: 0, evals: 0, checkpoints: 0, predictions: 0 };
  const made = document?._created_at ?? 0;
  const ops = log.openOps(FIRST_SLOT);
  ops.appendNow(JSON.stringify({ session: nonce, at: made, from, until }));
  for (const [start, end] of batchesOf(folder, until))
    ops.appendNow(JSON.stringify({ call: [letterOf("predictions"), start, end], within: nonce }));
  if (creates !== undefined) {
    const changed = Math.max(made, document?._updated_at ?? made);
    ops.appendNow(encode({ key: `${nonce}:create`, at: made, create: creates.create }));
    if (Object.keys(creates.patch).length > 0)
      ops.appendNow(encode({ key: `${nonce}:patch`, at: changed, patch: creates.patch }));
  }
  ops.syncToDisk();
  ops.close();
  log.close();
}

/** Where this client's own rows begin in the unnumbered files: what stands before is another client's. */
function startOfOwn({ sessions }: SyncState, ends: Offsets): Offsets {
  const starts = { ...ends };
  for (const { slot, from } of sessions.values()) {
    if (slot === FIRST_SLOT) for (const stream of STREAMS) starts[stream] = Math.min(starts[stream], from[stream]);
  }
  return starts;
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

/** Predictions go out many at a time. */
function batchesOf(folder: string, until: Offsets): [number, number][] {
  const batches: [number, number][] = [];
  let rows = 0;
  for (const { start, end } of linesOf(join(folder, segmentName("predictions", FIRST_SLOT)))) {
    if (end > until.predictions) break;
    const last = batches.at(-1);
    if (last === undefined || rows % ROWS_IN_A_BATCH === 0) batches.push([start, end]);
    else last[1] = end;
    rows += 1;
  }
  return batches;
}

function digestOf(folder: string, document: MirrorDocument | undefined, until: Offsets): string {
  const hash = createHash("sha256").update(encode(document ?? null));
  for (const stream of STREAMS) {
    for (const { bytes, end } of linesOf(join(folder, segmentName(stream, FIRST_SLOT)))) {
      if (end <= until[stream]) hash.update(bytes).update("\n");
    }
    hash.update("\0");
  }
  return hash.digest("hex").slice(0, 32);
}
