import { lstatSync } from "node:fs";
import { basename, join } from "node:path";
import { MirrorError } from "../errors.js";
import { isSafeId } from "../ids.js";
import type { StreamName } from "../operations.js";
import { type MirrorDocument, readDocument } from "./document.js";
import { EntityFolder } from "./entity.js";
import { isMissing, namesIn, onFile, sizeOf, unlessMissing } from "./files.js";
import { refuseLinks } from "./links.js";
import { type Holder, holderOf, SENDER_LOCK } from "./lock.js";
import { documentPath, entityFolder, type FolderKind, folderOf, segmentName, slotOfSegment } from "./paths.js";
import { slotsOf } from "./rows.js";
import { SyncLog } from "./sync-log.js";
import { writerLock } from "./writer-slot.js";

const KINDS: readonly FolderKind[] = ["experiment", "run"];
const STREAMS: readonly StreamName[] = ["metrics", "evals", "checkpoints", "predictions"];
const SYNC_FOLDER = new SyncLog("").folder;
const OWN_SYNC_FILE = /^(ops(\.\d+)?\.jsonl|acks\.log(\.tmp)?|.+\.lock\.\d+|clock-.+\.tmp)$/;
const LOCK_FILE = /^(.+)\.lock\.\d+$/;

/** One folder of a mirror as it stands. Looking takes no lock and writes nothing. */
export interface Found {
  readonly root: string;
  readonly kind: FolderKind;
  readonly id: string;
  readonly path: string;
  /** Undefined where there is none, or none that can be read. */
  readonly document: MirrorDocument | undefined;
  /** Undefined where another client made the folder, and where its sync log cannot be read. */
  readonly entity: EntityFolder | undefined;
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
    return namesIn(folderOf(root, kind))
      .filter((name) => isSafeId(name) && isFolder(entityFolder(root, kind, name)))
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
  const document = read(() => {
    refuseLinks(folderOf(root, kind), path);
    return readDocument(documentPath(root, kind, id));
  });
  const entity = SyncLog.existsIn(path) ? read(() => new EntityFolder(root, kind, id)) : undefined;
  return { root, kind, id, path, document, entity, problem: problems[0] };
}

/** Whether this client has a sync log in the folder. */
export function isOurs({ path }: Found): boolean {
  return SyncLog.existsIn(path);
}

/** The living processes that have a folder in use. */
export function occupantsOf({ entity }: Found): Occupants {
  if (entity === undefined) return { sender: undefined, writers: [] };
  const { folder } = entity.log;
  const names = lockNames(folder);
  const holders = (isMeant: (name: string) => boolean): Holder[] =>
    names.filter(isMeant).flatMap((name) => holderOf(folder, name, true) ?? []);
  const [sender] = holders((name) => name === SENDER_LOCK);
  return { sender, writers: holders((name) => name !== SENDER_LOCK) };
}

/** The names of all locks that a folder can have or has. */
export function lockNamesOf({ log }: EntityFolder): string[] {
  return [...new Set([SENDER_LOCK, ...log.slots().map(writerLock), ...lockNames(log.folder)])];
}

/** The names of the locks that have a file in a sync log's folder. */
export function lockNames(folder: string): string[] {
  return [...new Set(namesIn(folder).flatMap((name) => LOCK_FILE.exec(name)?.[1] ?? []))];
}

/** When something was last written to the entity, in milliseconds since the epoch: what was sent since does not count. */
export function lastWriteOf({ root, kind, id, path, document, entity }: Found): number | undefined {
  const files = [documentPath(root, kind, id), ...segmentsOf(path).map(({ file }) => file)];
  const told = [document?._updated_at, entity?.log.state.latestAt].filter((at) => typeof at === "number" && at > 0);
  const times = [...files.flatMap((file) => changedAt(file) ?? []), ...told.map((at) => Number(at) * 1000)];
  // A folder that was opened and never written to has nothing but its sync log.
  if (times.length === 0) times.push(changedAt(join(path, SYNC_FOLDER)) ?? Number.NEGATIVE_INFINITY);
  const last = Math.max(...times);
  return Number.isFinite(last) ? last : undefined;
}

/** Whether another client began the folder: this one's files are numbered beside it, and the document may say more than they do. */
export function isBegunElsewhere({ entity }: Found): boolean {
  return entity?.log.slots()[0] !== 1;
}

/** Whether another client wrote rows in the folder that no sync log knows of. */
export function hasForeignRows({ path, entity }: Found): boolean {
  if (entity === undefined) return false;
  const { state } = entity.log;
  return segmentsOf(path).some(
    ({ stream, slot, file }) => state.unclaimedStarts(slot, stream, sizeOf(file)).length > 0,
  );
}

/** The files and folders in an entity's folder that no client of this kind puts there. */
export function strangeNames({ root, kind, id, path }: Found): string[] {
  const document = basename(documentPath(root, kind, id));
  const isDocument = (name: string): boolean =>
    name === document || (name.startsWith(`${document}.`) && name.endsWith(".tmp"));
  const isSegment = (name: string): boolean => STREAMS.some((stream) => slotOfSegment(stream, name) !== undefined);
  const strange = namesIn(path).filter((name) => !(isDocument(name) || isSegment(name) || name === SYNC_FOLDER));
  return [...strange, ...namesIn(join(path, SYNC_FOLDER)).filter((name) => !OWN_SYNC_FILE.test(name))];
}

/** Every file of an entity's folder but its locks, with its size. */
export function filesOf(path: string): { readonly name: string; readonly bytes: number }[] {
  const names = [...namesIn(path), ...namesIn(join(path, SYNC_FOLDER)).map((name) => join(SYNC_FOLDER, name))];
  return names
    .filter((name) => !LOCK_FILE.test(name) && !isFolder(join(path, name)))
    .map((name) => ({ name, bytes: sizeOf(join(path, name)) }));
}

function segmentsOf(path: string): { stream: StreamName; slot: number; file: string }[] {
  return STREAMS.flatMap((stream) =>
    slotsOf(path, stream).map((slot) => ({ stream, slot, file: join(path, segmentName(stream, slot)) })),
  );
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
