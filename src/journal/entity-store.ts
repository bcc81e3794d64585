import { encode } from "../api/lossless-json.js";
import type { StreamName } from "../api/routes.js";
import type { ByteRange } from "../store/append-file.js";
import { DocumentWriter } from "../store/document-writer.js";
import { type DiskPolicy, NO_FSYNC } from "../store/fsync.js";
import type { OnAppended } from "../store/line-writer.js";
import { assertNoLinks } from "../store/links.js";
import { documentPath, entityFolder, type FolderKind, folderOf } from "../store/paths.js";
import { now } from "../util/clock.js";
import { messageOf } from "../util/thrown.js";
import { ownerOf } from "./lock.js";
import { restoreCreate } from "./lost-create.js";
import type { CreateLine, PatchLine } from "./sync-lines.js";
import { SyncLog } from "./sync-log.js";
import { WriterSlot, writerLock } from "./writer-slot.js";

/** How often the files are checked for having been deleted or replaced. */
const CHECK_EVERY_MS = 1_000;

type Fields = Readonly<Record<string, unknown>>;

/** An experiment or run that is being created. */
export interface NewEntity {
  /** The idempotency key; the id too, if the backend could not be asked. */
  readonly key: string;
  readonly fields: Fields;
  /** Whether it is a run that began with its experiment, and ends it. */
  readonly ownsExperiment?: boolean | undefined;
}

/**
 * Writes the files of one experiment or run. Each process appends to its own files: those of the first writer slot have the
 * Python client's names, those of others are numbered (`metrics.2.jsonl`). The document is a fold of the creates and patches.
 */
export class EntityStore {
  readonly kind: FolderKind;
  readonly id: string;
  readonly path: string;
  readonly log: SyncLog;
  readonly #root: string;
  readonly #document: DocumentWriter;
  readonly #policy: DiskPolicy;
  #slot: WriterSlot | undefined;
  #generation = 0;
  #checkedAt = 0;

  constructor(root: string, kind: FolderKind, id: string, policy = NO_FSYNC) {
    this.#root = root;
    this.kind = kind;
    this.id = id;
    this.path = entityFolder(root, kind, id);
    this.#policy = policy;
    this.log = new SyncLog(this.path, policy);
    const history = () => this.log.state.operations.values();
    this.#document = new DocumentWriter(documentPath(root, kind, id), id, policy, history);
    this.#refuseLinks();
    if (SyncLog.existsIn(this.path)) this.load();
  }

  /** The writer slot of this process; undefined before the first write. */
  get slot(): number | undefined {
    return this.#slot?.number;
  }

  /** The range of this process's own rows in a stream. */
  ownRows(stream: StreamName): ByteRange {
    return this.#slot?.ownRows(stream) ?? { start: 0, end: 0 };
  }

  /** Changes when files of this process were deleted or truncated, which invalidates positions in them. */
  get generation(): number {
    return this.#generation;
  }

  /** Reads the sync log again. A create that a power loss removed from it is restored from the document. */
  load(): void {
    this.log.load();
    restoreCreate(this.log.state, this.kind, this.#document.path);
  }

  /** Creates the folder and acquires a writer slot, unless this process has one. Every write does so by itself. */
  open(makesEntity = false, time = now()): WriterSlot {
    if (this.#slot !== undefined && time - this.#checkedAt < CHECK_EVERY_MS) return this.#slot;
    this.#checkedAt = time;
    if (this.#slot?.checkHeld() === false) {
      this.#slot.close();
      this.#slot = undefined;
      // The folder may have been deleted.
      this.#generation += 1;
      this.load();
    }
    if (this.#slot === undefined) {
      this.#refuseLinks();
      this.#slot = WriterSlot.acquire(this.path, this.log, makesEntity);
      this.#document.repair();
    }
    return this.#slot;
  }

  /** Records the create: by the backend if `backendId` is given, else offline, when the entity's id is the key. */
  create({ key, fields, ownsExperiment }: NewEntity, backendId?: string): void {
    const isMadeHere = backendId === undefined;
    const facts = { ...(isMadeHere ? {} : { id: backendId }), ...(ownsExperiment ? { ownsExperiment } : {}) };
    this.#operation({ key, at: this.log.state.nextAt(), create: fields, ...facts }, isMadeHere);
  }

  /** Records a patch. */
  patch(key: string, fields: Fields): void {
    this.#operation({ key, at: this.log.state.nextAt(), patch: fields });
  }

  /** Appends one row; see `LineWriter.append`. */
  append(stream: StreamName, line: string, appended: OnAppended): void {
    this.#openFor(stream).append(stream, line, appended);
  }

  /**
   * Appends batches of rows, each a text of lines, all of them or none, and records their boundaries.
   * @throws MirrorError if they cannot be appended.
   */
  async appendBatches(stream: StreamName, texts: readonly string[]): Promise<ByteRange[]> {
    const slot = this.#openFor(stream);
    const batches = await slot.appendBatches(stream, texts);
    this.#orWarn(() => this.log.refresh());
    return batches;
  }

  /** Writes the rows that are queued until the end of the tick. */
  flush(): void {
    this.#slot?.flush();
  }

  /** Releases files and locks. A later write acquires them again. */
  close(): void {
    try {
      this.#document.close();
      this.#slot?.close();
    } finally {
      this.#slot = undefined;
      this.log.close();
    }
  }

  /** Applies changes that a killed process left only in the ops log to the document, unless a process is writing. */
  repair(): void {
    const isWritten = this.log.slots().some((slot) => ownerOf(this.log.folder, writerLock(slot)) !== undefined);
    if (!isWritten) this.#document.repair();
  }

  #operation(line: CreateLine | PatchLine, makesEntity = false): void {
    const slot = this.open(makesEntity);
    // A document that cannot be read fails the call before the change is recorded.
    this.#document.load();
    slot.appendOp(encode(line));
    if (makesEntity) this.log.refresh();
    else this.#orWarn(() => this.log.refresh());
    this.#document.merge([line]);
    // Two writers may each have written a document without the other's fields: the last one merges all of them.
    const { operations } = this.log.state;
    this.#orWarn(() => {
      for (let seen = 0; this.log.slots().length > 1 && seen < operations.size; this.log.refresh()) {
        seen = operations.size;
        this.#document.merge(operations.values());
      }
    });
  }

  /** What is recorded is accepted: if it cannot be read back, the call must not fail, and the next refresh reads it. */
  #orWarn(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#policy.warn(messageOf(error));
    }
  }

  /** The writer slot for a row of a stream. After foreign rows, or if the files were deleted, it starts a new session. */
  #openFor(stream: StreamName): WriterSlot {
    const time = now();
    const slot = this.open(false, time);
    if (slot.checkAlone(stream, time)) return slot;
    if (!slot.checkHeld()) {
      this.#checkedAt = Number.NEGATIVE_INFINITY;
      return this.open();
    }
    const path = slot.truncatedPath(stream);
    if (path !== undefined) {
      this.#generation += 1;
      this.#policy.warn(`${path} was deleted or truncated while in use: its undelivered rows are lost.`);
    }
    slot.restartSession();
    return slot;
  }

  #refuseLinks(): void {
    assertNoLinks(folderOf(this.#root, this.kind), this.path, this.log.folder);
  }
}
