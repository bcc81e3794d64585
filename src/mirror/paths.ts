import { join } from "node:path";
import { EvsysValidationError } from "../errors.js";
import type { StreamName } from "../operations.js";
import { issueAt, shown } from "../validation.js";

const LONGEST_ID = 200;

/** The folders of the two kinds of entity; the names are the Python client's. */
const FOLDERS = { experiment: "experiments", run: "generations" } as const;
const DOCUMENTS = { experiment: "experiment.json", run: "generation.json" } as const;

/** An entity with a folder of its own. */
export type FolderKind = keyof typeof FOLDERS;

/** Whether an id can name a folder inside the mirror, and no other place. */
export function isSafeId(id: unknown): id is string {
  return typeof id === "string" && id.length > 0 && id.length <= LONGEST_ID && !/^\.{1,2}$|[/\\\p{Cc}]/u.test(id);
}

/** @throws EvsysValidationError where the id could leave the mirror. */
export function refuseUnsafeId(subject: string, field: string, id: unknown): void {
  if (isSafeId(id)) return;
  const fits = `expected an id: 1 to ${LONGEST_ID} characters, neither "." nor "..", no slash, no control character`;
  throw new EvsysValidationError(subject, [issueAt([field], `${fits}; got ${shown(id)}`)]);
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

/** The file of one stream of a run. */
export function streamPath(root: string, runId: string, stream: StreamName): string {
  return join(entityFolder(root, "run", runId), `${stream}.jsonl`);
}
