import { closeSync, existsSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decode, encode } from "../api/lossless-json.js";
import type { StreamName } from "../api/routes.js";
import { FILE_MODE, namesIn, rename, wrapFsError } from "../store/files.js";
import { type DiskPolicy, makeSyncedFolder, NO_FSYNC, syncFolder, syncToDisk } from "../store/fsync.js";
import { LineReader, linesOf } from "../store/line-reader.js";
import { type ByteRange, LineWriter } from "../store/line-writer.js";
import type { Session } from "./sessions.js";
import {
  type AcksLine,
  acksLine,
  letterOf,
  type OpsLine,
  opsLine,
  type Rejection,
  STREAM_OF_LETTER,
} from "./sync-lines.js";
import { SyncState, sessionLineOf } from "./sync-state.js";

const FOLDER = "sync";
const ACKS = "acks.log";
const MIN_COMPACTION_BYTES = 64 * 1024;

/** A range of a stream that one session wrote. */
interface RowRange extends ByteRange {
  readonly session: Session;
  readonly stream: StreamName;
}

/**
 * The sync log of one entity, in a folder beside its document: one ops log per writer slot, which records what was written,
 * and one acknowledgement log, which records the outcomes. Both are append-only. Only the owner of the sender lease writes
 * the acknowledgement log; it compacts the log when it has grown.
 */
export class SyncLog {
  readonly folder: string;
  /** When the ops logs are synced to disk. Acknowledgements are not: if one is lost, its write is sent again. */
  readonly policy: DiskPolicy;
  readonly acksPath: string;
  readonly #readers = new Map<number, { readonly reader: LineReader; position: number }>();
  #state = new SyncState();
  #names: readonly string[] = [];
  #ordinals: Session[] = [];
  /** Lines that give sessions their ordinals and are not in the file yet. */
  #newSessions: AcksLine[] = [];
  /** The nonces of the sessions that the acknowledgement log had when it was loaded. */
  #sentBefore: ReadonlySet<string> = new Set();
  #lastOrdinal = 0;
  #acks: LineWriter | undefined;
  #compactAtBytes = MIN_COMPACTION_BYTES;

  constructor(entityFolder: string, policy = NO_FSYNC) {
    this.policy = policy;
    this.folder = join(entityFolder, FOLDER);
    this.acksPath = join(this.folder, ACKS);
  }

  /** Whether an entity's folder has a sync log. Without one, another client wrote the folder. */
  static existsIn(entityFolder: string): boolean {
    return existsSync(join(entityFolder, FOLDER));
  }

  get state(): SyncState {
    return this.#state;
  }

  /** Reads both logs from the start. If one cannot be read, the state remains as it was. */
  load(): void {
    this.close();
    const [state, ordinals] = [this.#state, this.#ordinals];
    this.#state = new SyncState();
    this.#ordinals = [];
    try {
      this.#names = namesIn(this.folder);
      // Opening a missing file is slow, and offline mirrors have no acknowledgements.
      for (const { bytes } of this.#names.includes(ACKS) ? linesOf(this.acksPath) : []) {
        const line = acksLine.safeParse(parsed(bytes));
        if (line.success) this.#state.apply(line.data, this.#ordinals);
      }
      this.#sentBefore = new Set(this.#ordinals.map(({ nonce }) => nonce));
      this.#readOps(slotsAmong(this.#names));
      this.#newSessions = [];
    } catch (error) {
      this.#state = state;
      this.#ordinals = ordinals;
      throw error;
    }
  }

  /** Whether rows of a session may have been sent before the log was loaded: its name is recorded before its first row is sent. */
  wasSentBefore(nonce: string): boolean {
    return this.#sentBefore.has(nonce);
  }

  /** Whether anything of the folder may have been sent before the log was loaded. */
  get mayHaveSentBefore(): boolean {
    return this.#sentBefore.size > 0;
  }

  /** The names of the files in the log's folder when it was loaded. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Reads new lines of the ops logs. */
  refresh(): void {
    this.#readOps(this.slots());
  }

  /** The writer slots that have an ops log. */
  slots(): number[] {
    return slotsAmong(namesIn(this.folder));
  }

  /** Opens the ops log of a writer slot. */
  openOps(slot: number): LineWriter {
    makeSyncedFolder(this.folder, this.policy);
    return new LineWriter(this.#opsPath(slot), this.policy);
  }

  /** Records that a range of rows is settled, and the backend's ids for rows in it. */
  acknowledgeRows(
    { session, stream, start, end }: RowRange,
    delivered: number,
    skipped: number,
    rowIds: ReadonlyMap<string, string> = new Map(),
  ): void {
    // The ids come first: a row whose id was lost on the way is sent again, and the response has it again.
    const mapped = [...rowIds].map(([row, id]) => ({ row, id }));
    this.#record(...mapped, [this.#ordinal(session), letterOf(stream), start, end, delivered, skipped]);
  }

  /** Records that the backend rejected a range of rows. */
  rejectRows({ session, stream, start, end }: RowRange, rows: number, rejection: Rejection): void {
    this.#record({ refusedRows: [this.#ordinal(session), letterOf(stream), start, end, rows], refusal: rejection });
  }

  /** Records the boundaries of batches before they are first sent, so that every attempt sends the same rows under the same key. */
  addBatches(ranges: readonly RowRange[]): void {
    const lines = ranges.map(
      ({ session, stream, start, end }): AcksLine => ({
        batch: [this.#ordinal(session), letterOf(stream), start, end],
      }),
    );
    this.#record(...lines);
  }

  /** Records a session in the acknowledgement log too, so that it is known if either file is lost. */
  name(session: Session): void {
    this.#ordinal(session);
    if (this.#newSessions.length > 0) this.#record();
  }

  /** Records, before a create or a patch of a writer slot is sent, that something of the folder may have been sent. */
  noteOpSent(slot: number): void {
    const session = this.#state.sessions.last(slot);
    if (session !== undefined) this.name(session);
  }

  acknowledgeOp(key: string, id: string | undefined): void {
    this.#record({ op: key, id });
  }

  rejectOp(key: string, rejection: Rejection): void {
    this.#record({ refusedOp: key, refusal: rejection });
  }

  park(parked: Rejection | null): void {
    if (parked === null && this.#state.parked === undefined) return;
    this.#record({ parked });
  }

  /** Closes the acknowledgement log until it is needed again. */
  closeAcks(): void {
    this.#acks?.close();
    this.#acks = undefined;
  }

  close(): void {
    this.closeAcks();
    for (const { reader } of this.#readers.values()) reader.close();
    this.#readers.clear();
  }

  #readOps(slots: readonly number[]): void {
    for (const slot of slots) {
      const known = this.#readers.get(slot) ?? { reader: new LineReader(this.#opsPath(slot)), position: 0 };
      this.#readers.set(slot, known);
      let line = known.reader.lineAt(known.position);
      for (; line?.isTerminated; line = known.reader.lineAt(known.position)) {
        known.position = line.end;
        const parsedLine = opsLine.safeParse(parsed(line.bytes));
        if (parsedLine.success) this.#take(parsedLine.data, slot);
      }
      known.reader.close();
    }
  }

  #take(line: OpsLine, slot: number): void {
    if ("session" in line) {
      if (line.after !== undefined) this.#state.endSession(slot, line.at, line.after);
      this.#state.sessions.add({ ...line, slot });
      this.#state.wasMadeHere ||= line.made === true;
      return;
    }
    if ("call" in line) {
      const [letter, start, end] = line.call;
      this.#state.addCall(line.within, STREAM_OF_LETTER[letter], start, end);
      return;
    }
    if ("create" in line && line.id !== undefined) this.#state.delivered.set(line.key, line.id);
    this.#state.addOperation({ ...line, slot });
  }

  #ordinal(session: Session): number {
    if (this.#ordinals[this.#lastOrdinal] === session) return this.#lastOrdinal;
    const known = this.#ordinals.indexOf(session);
    if (known !== -1) {
      this.#lastOrdinal = known;
      return known;
    }
    const ordinal = this.#ordinals.length;
    const line = sessionLineOf(session, ordinal);
    this.#state.apply(line, this.#ordinals);
    this.#newSessions.push(line);
    return ordinal;
  }

  /** Applies lines to the state, then writes them in one piece, after the lines of the sessions that they refer to. */
  #record(...lines: AcksLine[]): void {
    for (const line of lines) this.#state.apply(line, this.#ordinals);
    const text = [...this.#newSessions, ...lines].map((line) => JSON.stringify(line)).join("\n");
    if (this.#append(text) > this.#compactAtBytes) this.#compact();
  }

  #append(text: string): number {
    try {
      this.#acks ??= new LineWriter(this.acksPath);
      const { end } = this.#acks.appendNow(text);
      this.#newSessions = [];
      return end;
    } catch (error) {
      // The file lacks what the state has: after the next append that succeeds, it is rewritten from the state.
      this.#compactAtBytes = 0;
      throw error;
    }
  }

  #compact(): void {
    const text = this.#state
      .acknowledgements()
      .map((line) => `${encode(line)}\n`)
      .join("");
    const temporary = `${this.acksPath}.tmp`;
    wrapFsError("write the file", temporary, () => {
      // A leftover of a killed process, or a link.
      rmSync(temporary, { force: true });
      const descriptor = openSync(temporary, "wx", FILE_MODE);
      try {
        writeFileSync(descriptor, text);
        syncToDisk(descriptor, temporary, this.policy);
      } finally {
        closeSync(descriptor);
      }
      rename(temporary, this.acksPath);
    });
    syncFolder(this.folder, this.policy);
    this.#acks?.close();
    this.#acks = undefined;
    this.#ordinals = [...this.#state.sessions.byNonce.values()];
    this.#newSessions = [];
    this.#compactAtBytes = Math.max(MIN_COMPACTION_BYTES, 4 * Buffer.byteLength(text));
  }

  #opsPath(slot: number): string {
    return join(this.folder, slot === 1 ? "ops.jsonl" : `ops.${slot}.jsonl`);
  }
}

function slotsAmong(names: readonly string[]): number[] {
  return names
    .map((name) => /^ops(?:\.(\d+))?\.jsonl$/.exec(name))
    .flatMap((match) => (match === null ? [] : Number(match[1] ?? 1)))
    .sort((a, b) => a - b);
}

function parsed(bytes: Buffer): unknown {
  try {
    return decode(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
