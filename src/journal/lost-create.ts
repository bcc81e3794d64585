import { zExperimentCreate, zRunCreate } from "../../generated/schemas.js";
import { DamagedDocumentError, readDocument } from "../store/document.js";
import type { FolderKind } from "../store/paths.js";
import type { SyncState } from "./sync-state.js";

const CREATE_SCHEMAS = { experiment: zExperimentCreate, run: zRunCreate };

/** Restores the create of an entity that was made here from its document, if a power loss removed it from the ops log. */
export function restoreCreate(state: SyncState, kind: FolderKind, path: string): void {
  if (!state.wasMadeHere || state.creation !== undefined) return;
  try {
    const document = readDocument(path);
    if (document === undefined) return;
    const { id: key, _created_at: at, _updated_at: _, ...fields } = document;
    const known = Object.entries(fields).filter(([field]) => field in CREATE_SCHEMAS[kind].shape);
    state.addOperation({ key, at, create: Object.fromEntries(known), slot: 1 });
  } catch (error) {
    if (!(error instanceof DamagedDocumentError)) throw error;
  }
}
