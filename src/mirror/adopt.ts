import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { zExperimentCreate, zExperimentPatch, zRunCreate } from "../../generated/schemas.js";
import type { StreamName } from "../operations.js";
import { type MirrorDocument, readDocument } from "./document.js";
import { linesOf } from "./line-reader.js";
import { encode } from "./lossless-json.js";
import { documentPath, entityFolder, type FolderKind, segmentName } from "./paths.js";
import { SyncLog } from "./sync-log.js";
import { endsOf } from "./writer-slot.js";

const STREAMS: readonly StreamName[] = ["metrics", "evals", "checkpoints", "predictions"];
const FIRST_SLOT = 1;

/** What of a document goes into the create, and what into a patch after it. */
const SPLIT = {
  experiment: { create: zExperimentCreate.shape, patch: zExperimentPatch.shape },
  run: { create: zRunCreate.shape, patch: undefined },
} as const;

type Fields = Record<string, unknown>;

/**
 * Gives a folder that another client wrote a sync log, as if this client had written it: a create and a patch that make
 * the document, and a session that holds the rows. Keys come from the contents: a copy of the folder, adopted elsewhere,
 * has the same ones.
 */
export function adopt(root: string, kind: FolderKind, id: string): void {
  const document = readDocument(documentPath(root, kind, id));
  if (document === undefined) return;
  const folder = entityFolder(root, kind, id);
  const nonce = `adopted-${digestOf(folder, document)}`;
  const from = { metrics: 0, evals: 0, checkpoints: 0, predictions: 0 };
  const { create, patch } = split(kind, document);
  const made = document._created_at ?? 0;
  const ops = new SyncLog(folder).openOps(FIRST_SLOT);
  ops.appendNow(JSON.stringify({ session: nonce, at: made, from, until: endsOf(folder, FIRST_SLOT) }));
  ops.appendNow(encode({ key: `${nonce}:create`, at: made, create }));
  const changed = Math.max(made, document._updated_at ?? made);
  if (Object.keys(patch).length > 0) ops.appendNow(encode({ key: `${nonce}:patch`, at: changed, patch }));
  ops.syncToDisk();
  ops.close();
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

function digestOf(folder: string, document: MirrorDocument): string {
  const hash = createHash("sha256").update(encode(document));
  for (const stream of STREAMS) {
    for (const { bytes } of linesOf(join(folder, segmentName(stream, FIRST_SLOT)))) hash.update(bytes).update("\n");
    hash.update("\0");
  }
  return hash.digest("hex").slice(0, 32);
}
