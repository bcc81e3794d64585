import { existsSync } from "node:fs";
import { join } from "node:path";
import type { StreamName } from "../api/routes.js";
import type { ByteRange } from "../store/append-file.js";
import { namesIn } from "../store/files.js";
import { type DiskPolicy, makeSyncedFolder, NO_FSYNC } from "../store/fsync.js";
import { LineWriter } from "../store/line-writer.js";
import { ACKS, AcksLog } from "./acks-log.js";
import { OpsLogs, opsPath, slotsAmong } from "./ops-logs.js";
import type { Session } from "./sessions.js";
import { letterOf, type MappedRowLine, type Rejection, type StreamLetter } from "./sync-lines.js";
import { SyncState } from "./sync-state.js";

/** The name of the folder of a sync log. */
export const SYNC_FOLDER = "sync";

/** A range of a stream that one session wrote. */
interface RowRange extends ByteRange {
  readonly session: Session;
  readonly stream: StreamName;
}

/**
 * The sync log of one entity, in a folder beside its document: one ops log per writer slot, which records what was written,
 * and one acknowledgement log, which records the outcomes. Both are append-only. Only the owner of the sender lease writes
 * the acknowledgement log.
 */
export class SyncLog {
  readonly folder: string;
  /** When the ops logs are synced to disk. Acknowledgements are not: if one is lost, its write is sent again. */
  readonly policy: DiskPolicy;
  #state = new SyncState();
  #ops: OpsLogs;
  #acks: AcksLog;
  #names: readonly string[] = [];
  #sentBefore: ReadonlySet<string> = new Set();

  constructor(entityFolder: string, policy = NO_FSYNC) {
    this.policy = policy;
    this.folder = join(entityFolder, SYNC_FOLDER);
    this.#ops = new OpsLogs(this.folder, this.#state);
    this.#acks = new AcksLog(this.folder, policy, this.#state);
  }

  /** Whether an entity's folder has a sync log. Without one, another client wrote the folder. */
  static existsIn(entityFolder: string): boolean {
    return existsSync(join(entityFolder, SYNC_FOLDER));
  }

  get state(): SyncState {
    return this.#state;
  }

  get acksPath(): string {
    return this.#acks.path;
  }

  /** Reads both logs from the start. If one cannot be read, the state remains as it was. */
  load(): void {
    this.close();
    const state = new SyncState();
    const ops = new OpsLogs(this.folder, state);
    const acks = new AcksLog(this.folder, this.policy, state);
    const names = namesIn(this.folder);
    // Opening a missing file is slow, and offline mirrors have no acknowledgements.
    const sentBefore: ReadonlySet<string> = names.includes(ACKS) ? acks.read() : new Set();
    ops.read(slotsAmong(names));
    this.#state = state;
    this.#ops = ops;
    this.#acks = acks;
    this.#names = names;
    this.#sentBefore = sentBefore;
  }

  /**
   * The nonces of the sessions of which something may have been sent before the log was loaded: a session is named in the
   * acknowledgement log before its first write is sent. If there is none, nothing of the folder was sent.
   */
  get sentBefore(): ReadonlySet<string> {
    return this.#sentBefore;
  }

  /** The names of the files in the log's folder when it was loaded. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Reads new lines of the ops logs. */
  refresh(): void {
    this.#ops.read(this.slots());
  }

  /** The writer slots that have an ops log. */
  slots(): number[] {
    return slotsAmong(namesIn(this.folder));
  }

  /** Opens the ops log of a writer slot. */
  openOps(slot: number): LineWriter {
    makeSyncedFolder(this.folder, this.policy);
    return new LineWriter(opsPath(this.folder, slot), this.policy);
  }

  /** Records that a range of rows is settled, and the backend's ids for rows in it. */
  acknowledgeRows(range: RowRange, delivered: number, skipped: number, mapped: readonly MappedRowLine[] = []): void {
    // The ids come first: a row whose id was lost on the way is sent again, and the response has it again.
    this.#acks.record([...mapped, [...this.#placeOf(range), delivered, skipped]]);
  }

  /** Records that the backend rejected a range of rows. */
  rejectRows(range: RowRange, rows: number, rejection: Rejection): void {
    this.#acks.record([{ refusedRows: [...this.#placeOf(range), rows], refusal: rejection }]);
  }

  /** Records the boundaries of batches before they are first sent, so that every attempt sends the same rows under the same key. */
  addBatches(ranges: readonly RowRange[]): void {
    this.#acks.record(ranges.map((range) => ({ batch: this.#placeOf(range) })));
  }

  /** Records a session in the acknowledgement log too, so that it is known if either file is lost. */
  name(session: Session): void {
    this.#acks.name(session);
  }

  /** Records, before a create or a patch of a writer slot is sent, that something of the folder may have been sent. */
  noteOpSent(slot: number): void {
    const session = this.#state.sessions.last(slot);
    if (session !== undefined) this.name(session);
  }

  acknowledgeOp(key: string, id: string | undefined): void {
    this.#acks.record([{ op: key, id }]);
  }

  rejectOp(key: string, rejection: Rejection): void {
    this.#acks.record([{ refusedOp: key, refusal: rejection }]);
  }

  park(parked: Rejection | null): void {
    if (parked === null && this.#state.parked === undefined) return;
    this.#acks.record([{ parked }]);
  }

  close(): void {
    this.#acks.close();
    this.#ops.close();
  }

  #placeOf({ session, stream, start, end }: RowRange): [number, StreamLetter, number, number] {
    return [this.#acks.ordinal(session), letterOf(stream), start, end];
  }
}
