import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "../api/lossless-json.js";
import { unlessMissing } from "../store/files.js";
import { entityFolder, type FolderKind } from "../store/paths.js";
import { idsIn } from "../store/run-catalog.js";
import { SyncLog } from "./sync-log.js";

/** The id that a mirror has for an entity that was created offline, by the id that the backend gave it; undefined if there is none. */
export function localIdOf(root: string, kind: FolderKind, backendId: string): string | undefined {
  return idsIn(root, kind).find((id) => backendIdOf(root, kind, id, backendId) === backendId);
}

/** The backend's id for an entity of the mirror. Only a log that has `hint` in it is read as a whole: there may be thousands. */
function backendIdOf(root: string, kind: FolderKind, id: string, hint: string): string | undefined {
  const log = new SyncLog(entityFolder(root, kind, id));
  if (!holds(log.acksPath, encode(hint)) && !holds(join(log.folder, "ops.jsonl"), encode(hint))) return undefined;
  log.load();
  log.close();
  const { creation, delivered } = log.state;
  return creation === undefined ? undefined : delivered.get(creation.key);
}

function holds(path: string, text: string): boolean {
  return unlessMissing(false, () => readFileSync(path).includes(text));
}
