import { MirrorError } from "../errors.js";
import { isSafeId } from "../ids.js";
import { type MirrorDocument, readDocument } from "./document.js";
import { foldersIn } from "./files.js";
import { refuseLinks } from "./links.js";
import { documentPath, entityFolder, type FolderKind, folderOf } from "./paths.js";

/** A run of a mirror, read without a lock. */
export interface CatalogRun {
  readonly root: string;
  readonly id: string;
  /** The run's folder. */
  readonly path: string;
  /** Undefined where there is no document, or none that can be read. */
  readonly document: MirrorDocument | undefined;
  /** Why the document cannot be read. */
  readonly problem: string | undefined;
  readonly experimentId: string | undefined;
}

/** The runs of a mirror, oldest first. Runs without a readable document come first. */
export function runsIn(root: string): CatalogRun[] {
  return idsIn(root, "run")
    .map((id) => readRun(root, id))
    .sort((a, b) => createdAt(a) - createdAt(b) || (a.id < b.id ? -1 : 1));
}

/** Reads the document of one run. */
export function readRun(root: string, id: string): CatalogRun {
  const path = entityFolder(root, "run", id);
  const { document, problem } = readEntity(root, "run", id);
  const experimentId = document?.experiment_id;
  return {
    root,
    id,
    path,
    document,
    problem,
    experimentId: typeof experimentId === "string" ? experimentId : undefined,
  };
}

/** The readable documents of a mirror's experiments, by id. */
export function experimentsIn(root: string): Map<string, MirrorDocument> {
  const found = new Map<string, MirrorDocument>();
  for (const id of idsIn(root, "experiment")) {
    const { document } = readEntity(root, "experiment", id);
    if (document !== undefined) found.set(id, document);
  }
  return found;
}

function idsIn(root: string, kind: FolderKind): string[] {
  refuseLinks(folderOf(root, kind));
  return foldersIn(folderOf(root, kind)).filter(isSafeId);
}

function readEntity(
  root: string,
  kind: FolderKind,
  id: string,
): { readonly document: MirrorDocument | undefined; readonly problem: string | undefined } {
  try {
    return { document: readDocument(documentPath(root, kind, id)), problem: undefined };
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    return { document: undefined, problem: error.message };
  }
}

function createdAt({ document }: CatalogRun): number {
  const at = document?._created_at;
  return typeof at === "number" && Number.isFinite(at) ? at : Number.NEGATIVE_INFINITY;
}
