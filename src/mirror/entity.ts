import { zExperimentCreate, zRunCreate } from "../../generated/schemas.js";
import type { Fsync } from "../config.js";
import { MirrorError } from "../errors.js";
import type { StreamName } from "../operations.js";
import { mergeDocument, readDocument } from "./document.js";
import type { ByteRange } from "./line-writer.js";
import { refuseLinks } from "./links.js";
import { holderOf } from "./lock.js";
import { encode } from "./lossless-json.js";
import { documentPath, entityFolder, type FolderKind, folderOf } from "./paths.js";
import type { CreateLine, PatchLine } from "./sync-lines.js";
import { SyncLog } from "./sync-log.js";
import type { Operation } from "./sync-state.js";
import { WriterSlot, writerLock } from "./writer-slot.js";

/** How often the files are checked for still being those of their names. */
const CHECK_EVERY_MS = 1_000;
const CREATE_SCHEMAS = { experiment: zExperimentCreate, run: zRunCreate };

type Fields = Readonly<Record<string, unknown>>;

/**
 * The folder of one experiment or run, for writing. Each process appends to files of its own: the first writer's have the
 * Python client's names, a second one's a number (`metrics.2.jsonl`). The document is a fold of the creates and patches.
 */
export class EntityFolder {
  readonly kind: FolderKind;
  readonly id: string;
  readonly path: string;
  readonly log: SyncLog;
  readonly #root: string;
  readonly #documentPath: string;
  #slot: WriterSlot | undefined;
  readonly #appending = new Set<Promise<ByteRange>>();
  #openings = 0;
  #checkedAt = 0;

  constructor(root: string, kind: FolderKind, id: string, fsync: Fsync = "never") {
    this.#root = root;
    this.kind = kind;
    this.id = id;
    this.path = entityFolder(root, kind, id);
    this.log = new SyncLog(this.path, fsync);
    this.#documentPath = documentPath(root, kind, id);
    this.#refuseLinks();
    if (SyncLog.existsIn(this.path)) this.load();
  }

  /** The number of this process's files; undefined before the first write. */
  get slot(): number | undefined {
    return this.#slot?.number;
  }

  /** Where this process's own rows of a stream begin and end. */
  ownRows(stream: StreamName): ByteRange {
    return { start: this.#slot?.startOf(stream) ?? 0, end: this.#slot?.endOf(stream) ?? 0 };
  }

  /** How often this process has opened files of its own here: they may be other files each time. */
  get openings(): number {
    return this.#openings;
  }

  /** Reads the sync log anew. A create that a power cut took from it is read from the document, which has its fields. */
  load(): void {
    this.log.load();
    const { state } = this.log;
    if (!state.wasMadeHere || state.creation !== undefined) return;
    const document = readDocument(this.#documentPath);
    if (document === undefined) return;
    const { id: key, _created_at: at, _updated_at: _, ...fields } = document;
    const known = Object.entries(fields).filter(([field]) => field in CREATE_SCHEMAS[this.kind].shape);
    state.addOperation({ key, at, create: Object.fromEntries(known), slot: 1 });
  }

  /** Makes the folder and takes a place in it. Writing does so by itself. */
  open(): void {
    this.#open();
  }

  /** Notes that the entity was made: by the backend where `backendId` is given, else here, and then its id is the key. */
  create(key: string, fields: Fields, backendId?: string): Operation {
    const isMadeHere = backendId === undefined;
    return this.#operation(
      { key, at: this.#now(), create: fields, ...(isMadeHere ? {} : { id: backendId }) },
      isMadeHere,
    );
  }

  /** Lays fields over the document. */
  patch(key: string, fields: Fields): Operation {
    return this.#operation({ key, at: this.#now(), patch: fields });
  }

  /**
   * Appends the rows of one call; resolves once they are on the file, with where they stand.
   * @throws MirrorError (as a rejection) where they are not.
   */
  append(stream: StreamName, lines: readonly string[]): Promise<ByteRange> {
    let slot = this.#open();
    if (!slot.isAlone(stream)) slot = this.#stepOver(slot);
    if (lines.length === 1) return slot.append(stream, lines[0] ?? "");
    const appending = this.#appendCall(slot, stream, lines);
    this.#appending.add(appending);
    return appending.finally(() => this.#appending.delete(appending));
  }

  /** Resolves when it is on file which rows belong together, of all that are on file. */
  async callsNoted(): Promise<void> {
    await Promise.allSettled(this.#appending);
  }

  async #appendCall(slot: WriterSlot, stream: StreamName, lines: readonly string[]): Promise<ByteRange> {
    const range = await slot.append(stream, lines.join("\n"));
    slot.noteCall(stream, range);
    this.log.refresh();
    return range;
  }

  /** Gives back files and locks. A later write opens them anew. */
  close(): void {
    this.#slot?.close();
    this.#slot = undefined;
    this.log.close();
  }

  #operation(line: CreateLine | PatchLine, makesEntity = false): Operation {
    this.#open(makesEntity).note(encode(line));
    this.log.refresh();
    const { operations } = this.log.state;
    const operation = operations.get(line.key);
    if (operation === undefined) throw new MirrorError("Cannot read back what was written", this.log.folder);
    this.#fold([operation]);
    // Two writers may each have written a document without the other's fields: the last to look lays all over it.
    for (let seen = 0; this.log.slots().length > 1 && seen < operations.size; this.log.refresh()) {
      seen = operations.size;
      this.#fold([...operations.values()]);
    }
    return operation;
  }

  /** Lays over the document what a process killed on the way left in the ops log alone, unless one is writing. */
  repair(): void {
    const isWritten = this.log.slots().some((slot) => holderOf(this.log.folder, writerLock(slot)) !== undefined);
    if (!isWritten) this.#repairDocument();
  }

  #repairDocument(): void {
    const since = readDocument(this.#documentPath)?._updated_at ?? 0;
    this.#fold([...this.log.state.operations.values()].filter(({ at }) => at > since));
  }

  #fold(operations: Operation[]): void {
    const last = operations.sort((a, b) => a.at - b.at).at(-1);
    if (last === undefined) return;
    // Entry by entry: an assignment would take a field named __proto__ for the prototype.
    const entries = operations.flatMap((one) => Object.entries("create" in one ? one.create : one.patch));
    mergeDocument(this.#documentPath, this.id, Object.fromEntries(entries), last.at, this.log.fsync !== "never");
  }

  /** Seconds since the epoch, later than all that the folder knows: a clock may be set back. */
  #now(): number {
    return Math.max(Date.now() / 1000, this.log.state.latestAt + 0.001);
  }

  #open(makesEntity = false): WriterSlot {
    const now = performance.now();
    if (this.#slot !== undefined && now - this.#checkedAt < CHECK_EVERY_MS) return this.#slot;
    this.#checkedAt = now;
    if (this.#slot?.isHeld === false) {
      this.#slot.close();
      this.#slot = undefined;
      // The folder may have been deleted: what was known of its files is void.
      this.load();
    }
    if (this.#slot === undefined) {
      this.#refuseLinks();
      this.#slot = WriterSlot.take(this.path, this.log, makesEntity);
      this.#openings += 1;
      this.log.refresh();
      this.#repairDocument();
    }
    return this.#slot;
  }

  #refuseLinks(): void {
    refuseLinks(folderOf(this.#root, this.kind), this.path, this.log.folder);
  }

  /** Another client has written to our files, or somebody has deleted them. */
  #stepOver(slot: WriterSlot): WriterSlot {
    if (!slot.isHeld) {
      this.#checkedAt = Number.NEGATIVE_INFINITY;
      return this.#open();
    }
    slot.stepOver();
    this.log.refresh();
    return slot;
  }
}
