import { join } from "node:path";
import { ID_RULE, isSafeId } from "../api/ids.js";
import { STREAMS, type StreamName } from "../api/routes.js";
import { EvsysValidationError } from "../errors.js";
import { idMeant, issueAt, shown } from "../util/validation.js";

/** The folders of the two kinds of entity; the names are the Python client's. */
const FOLDERS = { experiment: "experiments", run: "generations" } as const;
const DOCUMENTS = { experiment: "experiment.json", run: "generation.json" } as const;

const SEGMENT_NAME = new RegExp(`^(${STREAMS.join("|")})(?:\\.(\\d+))?\\.jsonl$`);

/** An entity with a folder of its own. */
export type FolderKind = keyof typeof FOLDERS;

/** @throws EvsysValidationError where the id could leave the mirror. */
export function refuseUnsafeId(subject: string, field: string, id: unknown): void {
  if (isSafeId(id)) return;
  const message = `expected an id: ${ID_RULE}; got ${shown(id)}${idMeant(field, id)}`;
  throw new EvsysValidationError(subject, [issueAt([field], message)]);
}

/** The folder that holds all entities of a kind. */
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

/** The file of one stream, by the number of its writer: the first writer's has the Python client's name. */
export function segmentName(stream: StreamName, slot: number): string {
  return slot === 1 ? `${stream}.jsonl` : `${stream}.${slot}.jsonl`;
}

/** The stream and the number of the writer whose file has this name; undefined where it is no such file. */
export function segmentOf(name: string): { readonly stream: StreamName; readonly slot: number } | undefined {
  const [, found, slot = 1] = SEGMENT_NAME.exec(name) ?? [];
  const stream = STREAMS.find((each) => each === found);
  return stream === undefined ? undefined : { stream, slot: Number(slot) };
}
