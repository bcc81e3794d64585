import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { zExperimentCreate, zRunCreate } from "../../generated/schemas.js";
import { MirrorError } from "../errors.js";
import type { StreamName } from "../operations.js";
import { mergeDocument, readDocument } from "./document.js";
import { makeFolder, sizeOf } from "./files.js";
import { type ByteRange, LineWriter } from "./line-writer.js";
import { isLock, type Lock, takeLock } from "./lock.js";
import { encode } from "./lossless-json.js";
import { documentPath, entityFolder, type FolderKind, segmentName } from "./paths.js";
import type { CreateLine, Offsets, PatchLine } from "./sync-lines.js";
import { SyncLog } from "./sync-log.js";
import type { Operation } from "./sync-state.js";

const STREAMS: readonly StreamName[] = ["metrics", "evals", "checkpoints", "predictions"];
/** How often an open file is checked for still being the one of its name. */
const CHECK_EVERY_MS = 1_000;

const CREATE_SCHEMAS = { experiment: zExperimentCreate, run: zRunCreate };

type Fields = Readonly<Record<string, unknown>>;

/** This process's place in a folder: files that nobody else appends to. */
interface Slot {
  readonly number: number;
  readonly lock: Lock;
  readonly ops: LineWriter;
  readonly streams: Map<StreamName, LineWriter>;
}

/**
 * The folder of one experiment or run, for writing. Each process appends to files of its own: the first writer's have the
 * Python client's names, a second one's a number (`metrics.2.jsonl`). The document is a fold of the creates and patches.
 */
export class EntityFolder {
  readonly kind: FolderKind;
  readonly id: string;
  readonly path: string;
  readonly log: SyncLog;
  readonly #documentPath: string;
  #slot: Slot | undefined;
  #checkedAt = 0;
  #openings = 0;

  constructor(root: string, kind: FolderKind, id: string) {
    this.kind = kind;
    this.id = id;
    this.path = entityFolder(root, kind, id);
    this.log = new SyncLog(this.path);
    this.#documentPath = documentPath(root, kind, id);
    if (SyncLog.existsIn(this.path)) this.load();
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
    state.operations.set(key, { key, at, create: Object.fromEntries(known), slot: 1 });
  }

  /** How often this process has opened files of its own here: they are other files each time. */
  get openings(): number {
    return this.#openings;
  }

  /** The number of this process's files; undefined before the first write. */
  get slot(): number | undefined {
    return this.#slot?.number;
  }

  /** Makes the folder and takes a place in it. Writing does so by itself. */
  open(): void {
    this.#open();
  }

  /** Notes that the entity was made: by the backend where `backendId` is given, else here, and then its id is the key. */
  create(key: string, fields: Fields, backendId?: string): Operation {
    if (backendId === undefined && this.#slot === undefined) this.#slot = this.#take(true);
    return this.#operation({
      key,
      at: this.#now(),
      create: fields,
      ...(backendId === undefined ? {} : { id: backendId }),
    });
  }

  /** Lays fields over the document. */
  patch(key: string, fields: Fields): Operation {
    return this.#operation({ key, at: this.#now(), patch: fields });
  }

  /**
   * Appends a row; resolves once it is on the file, with where it stands.
   * @throws MirrorError (as a rejection) where it is not.
   */
  append(stream: StreamName, line: string): Promise<ByteRange> {
    return this.#stream(stream).append(line);
  }

  /** Gives back files and locks. A later write opens them anew. */
  close(): void {
    this.#closeSlot();
    this.log.close();
  }

  /** Lays over the document what a process killed on the way, or another writer, left in the ops log alone. */
  repairDocument(): void {
    const since = readDocument(this.#documentPath)?._updated_at ?? 0;
    this.#fold([...this.log.state.operations.values()].filter(({ at }) => at > since));
  }

  #operation(line: CreateLine | PatchLine): Operation {
    this.#open().ops.appendNow(encode(line));
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

  #fold(operations: Operation[]): void {
    const last = operations.sort((a, b) => a.at - b.at).at(-1);
    if (last === undefined) return;
    const fields = Object.assign({}, ...operations.map((one) => ("create" in one ? one.create : one.patch)));
    mergeDocument(this.#documentPath, this.id, fields, last.at);
  }

  /** Seconds since the epoch, later than all that the folder knows: a clock may be set back. */
  #now(): number {
    return Math.max(Date.now() / 1000, this.log.state.latestAt + 0.001);
  }

  #stream(stream: StreamName): LineWriter {
    const slot = this.#open();
    const known = slot.streams.get(stream);
    if (known !== undefined) return known;
    const writer = new LineWriter(join(this.path, segmentName(stream, slot.number)));
    slot.streams.set(stream, writer);
    return writer;
  }

  #open(): Slot {
    const now = performance.now();
    if (this.#slot !== undefined && now - this.#checkedAt < CHECK_EVERY_MS) return this.#slot;
    this.#checkedAt = now;
    if (this.#slot !== undefined && !this.#isIntact(this.#slot)) this.#closeSlot();
    this.#slot ??= this.#take();
    return this.#slot;
  }

  #isIntact({ lock, ops, streams }: Slot): boolean {
    return lock.isHeld() && ops.isIntact && [...streams.values()].every((writer) => writer.isIntact);
  }

  /** Takes the first free slot. In a folder that another client made, the unnumbered files are that client's. */
  #take(makesEntity = false): Slot {
    const isForeign = !SyncLog.existsIn(this.path) && this.#hasFiles();
    makeFolder(this.log.folder);
    this.log.refresh();
    const own = this.log.slots();
    for (let number = isForeign || (own.length > 0 && own[0] !== 1) ? 2 : 1; ; number += 1) {
      const lock = takeLock(this.log.folder, `writer-${number}`);
      if (!isLock(lock)) continue;
      const ops = this.log.openOps(number);
      // A new nonce for each stretch of writing: were the file cut by a power cut, no old key fits a new row.
      const session = { session: randomUUID(), at: Date.now() / 1000, from: endsOf(this.path, number) };
      ops.appendNow(JSON.stringify(makesEntity ? { ...session, made: true } : session));
      ops.syncToDisk();
      this.log.refresh();
      this.repairDocument();
      this.#openings += 1;
      return { number, lock, ops, streams: new Map() };
    }
  }

  #hasFiles(): boolean {
    return (
      existsSync(this.#documentPath) || STREAMS.some((stream) => existsSync(join(this.path, segmentName(stream, 1))))
    );
  }

  #closeSlot(): void {
    if (this.#slot === undefined) return;
    this.#slot.ops.close();
    for (const writer of this.#slot.streams.values()) writer.close();
    this.#slot.lock.release();
    this.#slot = undefined;
  }
}

/** Where the files of a writer end. */
export function endsOf(folder: string, slot: number): Offsets {
  const end = (stream: StreamName): number => sizeOf(join(folder, segmentName(stream, slot)));
  return {
    metrics: end("metrics"),
    evals: end("evals"),
    checkpoints: end("checkpoints"),
    predictions: end("predictions"),
  };
}
