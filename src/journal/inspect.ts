import { lstatSync } from "node:fs";
import { basename, join } from "node:path";
import { isSafeId } from "../api/ids.js";
import { MirrorError } from "../errors.js";
import { type MirrorDocument, readDocument } from "../store/document.js";
import { foldersIn, isMissing, namesIn, onFile, sizeOf, unlessMissing } from "../store/files.js";
import { refuseLinks } from "../store/links.js";
import { documentPath, entityFolder, type FolderKind, folderOf, segmentOf } from "../store/paths.js";
import { type EntityFiles, filesOfEntity, SYNC_FOLDER } from "./entity-files.js";
import { EntityStore } from "./entity-store.js";
import { type Holder, holderOf, SENDER_LOCK } from "./lock.js";
import { hasLostOps, type UnclaimedRows, unclaimedRowsOf } from "./unclaimed.js";
import { writerLock } from "./writer-slot.js";

const NO_FILES: EntityFiles = { names: [], syncNames: [], segments: [] };
const KINDS: readonly FolderKind[] = ["experiment", "run"];
const OWN_SYNC_FILE = /^(ops(\.\d+)?\.jsonl|acks\.log(\.tmp)?|.+\.lock\.\d+|clock-.+\.tmp)$/;
const LOCK_FILE = /^(.+)\.lock\.\d+$/;

/** One folder of a mirror as it stands. Looking takes no lock and writes nothing. */
export interface Found {
  readonly root: string;
  readonly kind: FolderKind;
  readonly id: string;
  readonly path: string;
  /** Its files as they were before anything of it was read. */
  readonly files: EntityFiles;
  /** Undefined where there is none, or none that can be read. */
  readonly document: MirrorDocument | undefined;
  /** Undefined where another client made the folder, and where its sync log cannot be read. */
  readonly entity: EntityStore | undefined;
  /** What could not be read. */
  readonly problem: string | undefined;
}

/** Who has a folder in use. */
export interface Occupants {
  readonly sender: Holder | undefined;
  readonly writers: readonly Holder[];
}

/** The experiments and runs of a mirror. */
export function inspectMirror(root: string): Found[] {
  return KINDS.flatMap((kind) => {
    refuseLinks(folderOf(root, kind));
    return foldersIn(folderOf(root, kind))
      .filter(isSafeId)
      .map((id) => inspectEntity(root, kind, id));
  });
}

/** One experiment or run of a mirror. What cannot be read is named in `problem`. */
export function inspectEntity(root: string, kind: FolderKind, id: string): Found {
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
    refuseLinks(folderOf(root, kind), path);
    return filesOfEntity(path);
  });
  const document = files === undefined ? undefined : read(() => readDocument(documentPath(root, kind, id)));
  const entity = files?.names.includes(SYNC_FOLDER) ? read(() => new EntityStore(root, kind, id)) : undefined;
  const found = { root, kind, id, path, files: files ?? NO_FILES, document, entity };
  if (isLost(found)) problems.push(lostOps(path));
  return { ...found, problem: problems[0] };
}

/** Whether this client has a sync log in the folder. */
export function isOurs({ files }: Found): boolean {
  return files.names.includes(SYNC_FOLDER);
}

/**
 * Whether nothing was ever written to the folder, and nobody has it in use: a create that failed leaves such a folder,
 * and so does a client that opened a run and wrote nothing.
 */
export function isEmpty(found: Found): boolean {
  const { files, document, entity, problem } = found;
  if (document !== undefined || problem !== undefined || (entity?.log.state.operations.size ?? 0) > 0) return false;
  if (files.segments.some(({ sizeBytes }) => sizeBytes > 0) || strangeNames(found).length > 0) return false;
  const { sender, writers } = occupantsOf(found);
  return sender === undefined && writers.length === 0;
}

/** What of the folder no session wrote; see {@link unclaimedRowsOf}. Of another client's folder it says nothing. */
export function unclaimedRows({ files, entity }: Found): UnclaimedRows[] {
  return entity === undefined ? [] : unclaimedRowsOf(files.segments, entity.log.state);
}

/** Whether a sync log says nothing of what was written: it is not known what of it was sent. */
export function isLost({ document, entity }: Pick<Found, "document" | "entity">): boolean {
  return document !== undefined && entity !== undefined && hasLostOps(entity.log.state);
}

function lostOps(path: string): string {
  return (
    `${join(path, SYNC_FOLDER, "ops.jsonl")} is missing or empty, so it is not known what was sent. If it never reached ` +
    "the backend, send it with --adopt"
  );
}

/** The living processes that have a folder in use. */
export function occupantsOf({ entity, files }: Found): Occupants {
  if (entity === undefined) return { sender: undefined, writers: [] };
  const { folder } = entity.log;
  const names = locksAmong(files.syncNames);
  const holders = (isMeant: (name: string) => boolean): Holder[] =>
    names.filter(isMeant).flatMap((name) => holderOf(folder, name, true) ?? []);
  const [sender] = holders((name) => name === SENDER_LOCK);
  return { sender, writers: holders((name) => name !== SENDER_LOCK) };
}

/** The names of all locks that a folder can have or has. */
export function lockNamesOf({ log }: EntityStore): string[] {
  return [...new Set([SENDER_LOCK, ...log.slots().map(writerLock), ...lockNames(log.folder)])];
}

/** The names of the locks that have a file in a sync log's folder. */
export function lockNames(folder: string): string[] {
  return locksAmong(namesIn(folder));
}

function locksAmong(names: readonly string[]): string[] {
  return [...new Set(names.flatMap((name) => LOCK_FILE.exec(name)?.[1] ?? []))];
}

/** When something was last written to the entity, in milliseconds since the epoch: what was sent since does not count. */
export function lastWriteOf({ root, kind, id, path, files, document, entity }: Found): number | undefined {
  const told = [document?._updated_at, entity?.log.state.latestAt].filter((at) => typeof at === "number" && at > 0);
  const written = [
    changedAt(documentPath(root, kind, id)) ?? [],
    ...files.segments.map((segment) => segment.changedAt),
  ];
  const times = [...written.flat(), ...told.map((at) => Number(at) * 1000)];
  // A folder that was opened and never written to has nothing but its sync log.
  if (times.length === 0) times.push(changedAt(join(path, SYNC_FOLDER)) ?? Number.NEGATIVE_INFINITY);
  const last = Math.max(...times);
  return Number.isFinite(last) ? last : undefined;
}

/** Whether another client began the folder: this one's files are numbered beside it, and the document may say more than they do. */
export function isBegunElsewhere({ entity }: Found): boolean {
  return entity?.log.slots()[0] !== 1;
}

/** The files and folders in an entity's folder that no client of this kind puts there. */
export function strangeNames({ root, kind, id, files }: Found): string[] {
  const document = basename(documentPath(root, kind, id));
  const isDocument = (name: string): boolean =>
    name === document || (name.startsWith(`${document}.`) && name.endsWith(".tmp"));
  const isSegment = (name: string): boolean => segmentOf(name) !== undefined;
  const strange = files.names.filter((name) => !(isDocument(name) || isSegment(name) || name === SYNC_FOLDER));
  return [...strange, ...files.syncNames.filter((name) => !OWN_SYNC_FILE.test(name))];
}

/** Every file of an entity's folder but its locks, with its size. */
export function filesOf(path: string): { readonly name: string; readonly bytes: number }[] {
  const names = [...namesIn(path), ...namesIn(join(path, SYNC_FOLDER)).map((name) => join(SYNC_FOLDER, name))];
  return names
    .filter((name) => !LOCK_FILE.test(name) && !isFolder(join(path, name)))
    .map((name) => ({ name, bytes: sizeOf(join(path, name)) }));
}

function changedAt(file: string): number | undefined {
  return onFile("look at the file", file, () => unlessMissing(undefined, () => lstatSync(file).mtimeMs));
}

function isFolder(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw new MirrorError("Cannot look at the folder", path, error);
  }
}
