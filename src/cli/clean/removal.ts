import { randomUUID } from "node:crypto";
import { realpathSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { EntityStore } from "../../journal/entity-store.js";
import { filesOf, lockNames, lockNamesOf } from "../../journal/inspect.js";
import { isLock, type Lock, takeLock } from "../../journal/lock.js";
import { SyncLog } from "../../journal/sync-log.js";
import { namesIn, onFile, rename, unlessMissing } from "../../store/files.js";
import { type FolderKind, folderOf } from "../../store/paths.js";
import type { Choice } from "./choice.js";

const ASIDE = ".evsys-clean-";
const CONDEMNED = ".evsys-removed-";

/**
 * Removes a folder, unless `reasonToKeep`, asked once nobody else can send or write, names a reason; answers the reason.
 * The folder is renamed before it is emptied: whoever writes to the entity from then on begins a new one.
 */
export function removeEntity(
  { root, kind, id, path }: Choice,
  reasonToKeep: () => string | undefined,
): string | undefined {
  if (!SyncLog.existsIn(path)) return "not there any more";
  const entity = new EntityStore(root, kind, id);
  const locks = lockAll(entity);
  if (locks === undefined) return "in use";
  let reason: string | undefined;
  try {
    reason = reasonToKeep();
  } finally {
    for (const lock of locks) lock.release();
  }
  if (reason !== undefined) return reason;
  // A lock of ours that went along would be given back later, where somebody else's may lie by then. So they are given
  // back now, and who slipped in meanwhile is seen by what has changed.
  const before = fingerprint(path);
  const aside = join(besides(root, kind), `${ASIDE}${randomUUID()}`);
  move(path, aside);
  if (lockNames(new SyncLog(aside).folder).length > 0 || fingerprint(aside) !== before) {
    move(aside, path);
    return "in use";
  }
  const condemned = join(besides(root, kind), `${CONDEMNED}${randomUUID()}`);
  move(aside, condemned);
  remove(condemned);
  return undefined;
}

/** Finishes removals that were interrupted. */
export function sweep(root: string): void {
  for (const kind of ["experiment", "run"] as const) {
    const place = besides(root, kind);
    for (const name of namesIn(place)) if (name.startsWith(CONDEMNED)) remove(join(place, name));
  }
}

/** Where folders go before they are emptied: outside of where entities lie, and on the same disk. */
function besides(root: string, kind: FolderKind): string {
  return dirname(unlessMissing(folderOf(root, kind), () => realpathSync(folderOf(root, kind))));
}

/** All locks of a folder; undefined where somebody has one of them. */
function lockAll(entity: EntityStore): Lock[] | undefined {
  const locks: Lock[] = [];
  for (const name of lockNamesOf(entity)) {
    const answer = takeLock(entity.log.folder, name);
    if (isLock(answer)) {
      locks.push(answer);
      continue;
    }
    for (const lock of locks) lock.release();
    return undefined;
  }
  return locks;
}

function fingerprint(path: string): string {
  return JSON.stringify(filesOf(path));
}

function move(from: string, to: string): void {
  onFile("move the folder", from, () => rename(from, to));
}

function remove(path: string): void {
  onFile("remove the folder", path, () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
}
