import { join } from "node:path";
import { ID_RULE, isSafeId } from "../api/ids.js";
import type { StreamName } from "../api/routes.js";
import { EvsysValidationError } from "../errors.js";
import { idHint, issueAt, preview } from "../util/validation.js";

/** The folder names are those of the Python client. */
const FOLDERS = { experiment: "experiments", run: "generations" } as const;
const DOCUMENTS = { experiment: "experiment.json", run: "generation.json" } as const;

/** The kinds of entity that have their own folder. */
export type FolderKind = keyof typeof FOLDERS;

/** @throws EvsysValidationError if the id could lead out of the mirror. */
export function assertSafeId(subject: string, field: string, id: unknown): void {
  if (isSafeId(id)) return;
  const message = `expected an id: ${ID_RULE}; got ${preview(id)}${idHint(field, id)}`;
  throw new EvsysValidationError(subject, [issueAt([field], message)]);
}

/** The folder that contains all entities of a kind. */
export function folderOf(root: string, kind: FolderKind): string {
  return join(root, FOLDERS[kind]);
}

/** The folder of one entity. */
export function entityFolder(root: string, kind: FolderKind, id: string): string {
  return join(folderOf(root, kind), id);
}

/** The document of one entity. */
export function documentPath(root: string, kind: FolderKind, id: string): string {
  return join(entityFolder(root, kind, id), DOCUMENTS[kind]);
}

/** The file name of a stream's segment. The first writer slot uses the Python client's file name. */
export function segmentName(stream: StreamName, slot: number): string {
  return slot === 1 ? `${stream}.jsonl` : `${stream}.${slot}.jsonl`;
}

/** The writer slot that a file name belongs to; undefined if it is not a segment of the stream. */
export function slotOfSegment(stream: StreamName, name: string): number | undefined {
  const match = new RegExp(`^${stream}(?:\\.(\\d+))?\\.jsonl$`).exec(name);
  return match === null ? undefined : Number(match[1] ?? 1);
}
