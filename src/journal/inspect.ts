import { lstatSync } from "node:fs";
import { basename, join } from "node:path";
import { MirrorError } from "../errors.js";
import { type MirrorDocument, readDocument } from "../store/document.js";
import { namesIn, sizeOf, unlessMissing, wrapFsError } from "../store/files.js";
import { assertNoLinks } from "../store/links.js";
import { documentPath, entityFolder, FOLDER_KINDS, type FolderKind, folderOf, segmentOf } from "../store/paths.js";
import { idsIn } from "../store/run-catalog.js";
import { type SegmentFile, segmentFilesOf } from "./entity-files.js";
import { EntityStore } from "./entity-store.js";
import { type LockOwner, ownerOf, SENDER_LOCK } from "./lock.js";
import { SYNC_FOLDER } from "./sync-log.js";
import { hasLostOps, type UnclaimedRows, unclaimedRowsOf } from "./unclaimed.js";
import { writerLock } from "./writer-slot.js";

const NO_FILES: EntityFiles = { names: [], segments: [] };
const OWN_SYNC_FILE = /^(ops(\.\d+)?\.jsonl|acks\.log(\.tmp)?|.+\.lock\.\d+|clock-.+\.tmp)$/;
const LOCK_FILE = /^(.+)\.lock\.\d+$/;

/** The files of an entity's folder, listed once, because a mirror may have thousands of folders. */
export interface EntityFiles {
  /** The names in the folder. */
  readonly names: readonly string[];
  readonly segments: readonly SegmentFile[];
}

/** The state of one entity's folder. Inspecting it acquires no lock and writes nothing. */
export interface InspectedEntity {
  readonly root: string;
  readonly kind: FolderKind;
  readonly id: string;
  readonly path: string;
  /** Its files, listed before anything was read. */
  readonly files: EntityFiles;
  /** The names of the files in the folder of its sync log. */
  readonly syncNames: readonly string[];
  /** Undefined if there is none or it cannot be read. */
  readonly document: MirrorDocument | undefined;
  /** Undefined if another client created the folder, or if the sync log cannot be read. */
  readonly entity: EntityStore | undefined;
  /** Why something could not be read. */
  readonly problem: string | undefined;
}

/** The processes that use a folder. */
export interface LockOwners {
  readonly sender: LockOwner | undefined;
  readonly writers: readonly LockOwner[];
}

/** The experiments and runs of a mirror. */
export function inspectMirror(root: string): InspectedEntity[] {
  return FOLDER_KINDS.flatMap((kind) => idsIn(root, kind).map((id) => inspectEntity(root, kind, id)));
}

/** One experiment or run of a mirror. `problem` names what cannot be read. */
export function inspectEntity(root: string, kind: FolderKind, id: string): InspectedEntity {
  const path = entityFolder(root, kind, id);
  const problems: string[] = [];
  const read = <Result>(step: () => Result): Result | undefined => {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof MirrorError)) throw error;
      problems.push(error.message);
      return undefined;
    }
  };
  const files = read(() => {
    assertNoLinks(folderOf(root, kind), path);
    const names = namesIn(path);
    return { names, segments: segmentFilesOf(path, names) };
  });
  const document = files === undefined ? undefined : read(() => readDocument(documentPath(root, kind, id)));
  const hasLog = files?.names.includes(SYNC_FOLDER) === true;
  const entity = hasLog ? read(() => new EntityStore(root, kind, id)) : undefined;
  const syncNames = entity?.log.names ?? (hasLog ? namesIn(join(path, SYNC_FOLDER)) : []);
  const found = { root, kind, id, path, files: files ?? NO_FILES, syncNames, document, entity };
  if (isLost(found)) problems.push(lostOps(path));
  return { ...found, problem: problems[0] };
}

/** Whether the folder has a sync log, so this package has written to it. */
export function isOurs({ files }: InspectedEntity): boolean {
  return files.names.includes(SYNC_FOLDER);
}

/**
 * Whether nothing was ever written to the folder and no process uses it. A failed create leaves such a folder, and so does
 * a client that opened a run but wrote nothing.
 */
export function isEmpty(found: InspectedEntity): boolean {
  const { files, document, entity, problem } = found;
  if (document !== undefined || problem !== undefined || (entity?.log.state.operations.size ?? 0) > 0) return false;
  if (files.segments.some(({ sizeBytes }) => sizeBytes > 0) || strangeNames(found).length > 0) return false;
  const { sender, writers } = lockOwnersOf(found);
  return sender === undefined && writers.length === 0;
}

/** The rows that no session wrote; see {@link unclaimedRowsOf}. Empty for a folder without a sync log. */
export function unclaimedRows({ files, entity }: InspectedEntity): UnclaimedRows[] {
  return entity === undefined ? [] : unclaimedRowsOf(files.segments, entity.log.state);
}

/** Whether the ops log is lost, so it is unknown what was sent. */
export function isLost({ document, entity }: Pick<InspectedEntity, "document" | "entity">): boolean {
  return document !== undefined && entity !== undefined && hasLostOps(entity.log.state);
}

function lostOps(path: string): string {
  return (
    `${join(path, SYNC_FOLDER, "ops.jsonl")} is missing or empty, so it is unknown what was sent. If nothing reached ` +
    "the backend, send it with --adopt"
  );
}

/** The running processes that use a folder. */
export function lockOwnersOf({ entity, syncNames }: InspectedEntity): LockOwners {
  if (entity === undefined) return { sender: undefined, writers: [] };
  const { folder } = entity.log;
  const names = locksAmong(syncNames);
  const holders = (isMeant: (name: string) => boolean): LockOwner[] =>
    names.filter(isMeant).flatMap((name) => ownerOf(folder, name, true) ?? []);
  const [sender] = holders((name) => name === SENDER_LOCK);
  return { sender, writers: holders((name) => name !== SENDER_LOCK) };
}

/** The names of all locks that a folder has or can have. */
export function lockNamesOf({ log }: EntityStore): string[] {
  return [...new Set([SENDER_LOCK, ...log.slots().map(writerLock), ...lockNames(log.folder)])];
}

/** The names of the locks that have a file in a sync log folder. */
export function lockNames(folder: string): string[] {
  return locksAmong(namesIn(folder));
}

function locksAmong(names: readonly string[]): string[] {
  return [...new Set(names.flatMap((name) => LOCK_FILE.exec(name)?.[1] ?? []))];
}

/** When the entity was last written, in milliseconds since the epoch. Sending does not count as writing. */
export function lastWriteOf({ root, kind, id, path, files, document, entity }: InspectedEntity): number | undefined {
  const told = [document?._updated_at, entity?.log.state.latestAt].filter((at) => typeof at === "number" && at > 0);
  const written = [
    changedAt(documentPath(root, kind, id)) ?? [],
    ...files.segments.map((segment) => segment.changedAt),
  ];
  const times = [...written.flat(), ...told.map((at) => Number(at) * 1000)];
  // A folder that was opened but never written to has only its sync log.
  if (times.length === 0) times.push(changedAt(join(path, SYNC_FOLDER)) ?? Number.NEGATIVE_INFINITY);
  const last = Math.max(...times);
  return Number.isFinite(last) ? last : undefined;
}

/** Whether another client created the folder, so its document may have fields that our ops logs do not have. */
export function wasBegunByOtherClient({ entity }: InspectedEntity): boolean {
  return entity?.log.slots()[0] !== 1;
}

/** The files and folders in an entity's folder that this package does not write. */
export function strangeNames({ root, kind, id, files, syncNames }: InspectedEntity): string[] {
  const document = basename(documentPath(root, kind, id));
  const isDocument = (name: string): boolean =>
    name === document || (name.startsWith(`${document}.`) && name.endsWith(".tmp"));
  const isSegment = (name: string): boolean => segmentOf(name) !== undefined;
  const strange = files.names.filter((name) => !(isDocument(name) || isSegment(name) || name === SYNC_FOLDER));
  return [...strange, ...syncNames.filter((name) => !OWN_SYNC_FILE.test(name))];
}

/** The files of an entity's folder except locks, with their sizes. */
export function filesOf(path: string): { readonly name: string; readonly bytes: number }[] {
  const names = [...namesIn(path), ...namesIn(join(path, SYNC_FOLDER)).map((name) => join(SYNC_FOLDER, name))];
  return names
    .filter((name) => !LOCK_FILE.test(name) && !isFolder(join(path, name)))
    .map((name) => ({ name, bytes: sizeOf(join(path, name)) }));
}

function changedAt(file: string): number | undefined {
  return wrapFsError("inspect the file", file, () => unlessMissing(undefined, () => lstatSync(file).mtimeMs));
}

function isFolder(path: string): boolean {
  return wrapFsError("inspect the folder", path, () => unlessMissing(false, () => lstatSync(path).isDirectory()));
}
