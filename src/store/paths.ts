import { join, sep } from "node:path";
import { ID_RULE, isSafeId } from "../api/ids.js";
import { STREAMS, type StreamName } from "../api/routes.js";
import { EvsysValidationError } from "../errors.js";
import { preview } from "../util/preview.js";
import { idHint, issueAt } from "../util/validation.js";

/** The folder names are those of the Python client. */
const FOLDERS = { experiment: "experiments", run: "generations" } as const;
const DOCUMENTS = { experiment: "experiment.json", run: "generation.json" } as const;

const SEGMENT_NAME = new RegExp(`^(${STREAMS.join("|")})(?:\\.(\\d+))?\\.jsonl$`);

/** The kinds of entity that have their own folder. */
export type FolderKind = keyof typeof FOLDERS;
export const FOLDER_KINDS: readonly FolderKind[] = ["experiment", "run"];

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
  // Several times faster than join, which matters for thousands of folders; an id is a safe name.
  return `${folderOf(root, kind)}${sep}${id}`;
}

/** The document of one entity. */
export function documentPath(root: string, kind: FolderKind, id: string): string {
  return `${entityFolder(root, kind, id)}${sep}${DOCUMENTS[kind]}`;
}

/** The file name of a stream's segment. The first writer slot uses the Python client's file name. */
export function segmentName(stream: StreamName, slot: number): string {
  return slot === 1 ? `${stream}.jsonl` : `${stream}.${slot}.jsonl`;
}

/** The stream and writer slot of a segment's file name; undefined for other names. */
export function segmentOf(name: string): { readonly stream: StreamName; readonly slot: number } | undefined {
  const [, found, slot = 1] = SEGMENT_NAME.exec(name) ?? [];
  const stream = STREAMS.find((each) => each === found);
  return stream === undefined ? undefined : { stream, slot: Number(slot) };
}
