import { statSync } from "node:fs";
import { isSafeId } from "../api/ids.js";
import { MirrorError } from "../errors.js";
import { isObject } from "../util/objects.js";
import { type MirrorDocument, readDocument } from "./document.js";
import { foldersIn } from "./files.js";
import { assertNoLinks } from "./links.js";
import { documentPath, entityFolder, type FolderKind, folderOf } from "./paths.js";

/** A run of a mirror, read without a lock. */
export interface CatalogRun {
  readonly root: string;
  readonly id: string;
  /** The run's folder. */
  readonly path: string;
  /** Undefined if there is no document or it cannot be read. */
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

/** The ids of a mirror's entities of a kind: the folders with a valid name. */
export function idsIn(root: string, kind: FolderKind): string[] {
  assertNoLinks(folderOf(root, kind));
  return foldersIn(folderOf(root, kind)).filter(isSafeId);
}

/** Reads the document of one run. */
export function readRun(root: string, id: string): CatalogRun {
  const path = entityFolder(root, "run", id);
  const found = readEntity(root, "run", id);
  const given = found.document?.experiment_id;
  return { root, id, path, ...found, experimentId: typeof given === "string" ? given : undefined };
}

/** The experiment documents of a mirror, by id. Unreadable ones are left out. */
export function experimentsIn(root: string): Map<string, MirrorDocument> {
  return new Map(
    idsIn(root, "experiment").flatMap((id) => {
      const document = readExperiment(root, id);
      return document === undefined ? [] : [[id, document] as const];
    }),
  );
}

/** The document of one experiment; undefined if there is none or it cannot be read. */
export function readExperiment(root: string, id: string): MirrorDocument | undefined {
  return isSafeId(id) ? readEntity(root, "experiment", id).document : undefined;
}

/** The best score in the document of an experiment or a run; undefined if it has none. */
export function bestScoreOf(document: MirrorDocument | undefined): unknown {
  return document?.best_score ?? (isObject(document?.summary) ? document.summary.best_score : undefined);
}

/** Whether a mirror has a run with this id. */
export function hasRun(root: string, id: string): boolean {
  if (!isSafeId(id)) return false;
  assertNoLinks(folderOf(root, "run"), entityFolder(root, "run", id));
  return statSync(entityFolder(root, "run", id), { throwIfNoEntry: false })?.isDirectory() === true;
}

function readEntity(root: string, kind: FolderKind, id: string): Pick<CatalogRun, "document" | "problem"> {
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
