import { randomUUID } from "node:crypto";
import { realpathSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { EntityStore } from "../../journal/entity-store.js";
import { filesOf, lockNames, lockNamesOf } from "../../journal/inspect.js";
import { acquireLock, isLock, type Lock } from "../../journal/lock.js";
import { SyncLog } from "../../journal/sync-log.js";
import { namesIn, rename, unlessMissing, wrapFsError } from "../../store/files.js";
import { type FolderKind, folderOf } from "../../store/paths.js";
import type { RemovableFolder } from "./removal-plan.js";

const ASIDE = ".evsys-clean-";
const REMOVED = ".evsys-removed-";

/**
 * Removes a folder, unless `reasonToKeep`, called while all locks are held, returns a reason; returns the reason. The folder
 * is renamed before it is emptied, so a process that writes to the entity afterwards creates a new folder.
 */
export function removeEntity(
  { root, kind, id, path }: RemovableFolder,
  reasonToKeep: () => string | undefined,
): string | undefined {
  if (!SyncLog.existsIn(path)) return "it no longer exists";
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
  // Locks must be released before the move, because releasing them later could hit another process's new lock. A process
  // that started writing in between is detected by its changes.
  const before = fingerprint(path);
  const aside = join(stagingFolder(root, kind), `${ASIDE}${randomUUID()}`);
  move(path, aside);
  if (lockNames(new SyncLog(aside).folder).length > 0 || fingerprint(aside) !== before) {
    move(aside, path);
    return "in use";
  }
  const removed = join(stagingFolder(root, kind), `${REMOVED}${randomUUID()}`);
  move(aside, removed);
  remove(removed);
  return undefined;
}

/** Finishes removals that were interrupted. */
export function finishRemovals(root: string): void {
  for (const kind of ["experiment", "run"] as const) {
    const place = stagingFolder(root, kind);
    for (const name of namesIn(place)) if (name.startsWith(REMOVED)) remove(join(place, name));
  }
}

/** Where folders are moved before they are emptied: outside the entities' folders, but on the same disk. */
function stagingFolder(root: string, kind: FolderKind): string {
  return dirname(unlessMissing(folderOf(root, kind), () => realpathSync(folderOf(root, kind))));
}

/** Acquires all locks of a folder; undefined if another process has one of them. */
function lockAll(entity: EntityStore): Lock[] | undefined {
  const locks: Lock[] = [];
  for (const name of lockNamesOf(entity)) {
    const lock = acquireLock(entity.log.folder, name);
    if (isLock(lock)) {
      locks.push(lock);
      continue;
    }
    for (const acquired of locks) acquired.release();
    return undefined;
  }
  return locks;
}

function fingerprint(path: string): string {
  return JSON.stringify(filesOf(path));
}

function move(from: string, to: string): void {
  wrapFsError("move the folder", from, () => rename(from, to));
}

function remove(path: string): void {
  wrapFsError("remove the folder", path, () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
}
