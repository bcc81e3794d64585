import { closeSync, existsSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decode, encode } from "../api/lossless-json.js";
import type { StreamName } from "../api/routes.js";
import { FILE_MODE, makeFolder, namesIn, onFile, rename } from "../store/files.js";
import { type DiskPolicy, NO_FSYNC, syncFolder, syncToDisk } from "../store/fsync.js";
import { LineReader, linesOf } from "../store/line-reader.js";
import { LineWriter } from "../store/line-writer.js";
import type { Session } from "./sessions.js";
import {
  type AcksLine,
  acksLine,
  letterOf,
  type OpsLine,
  opsLine,
  type Refusal,
  STREAM_OF_LETTER,
} from "./sync-lines.js";
import { lineOf, SyncState } from "./sync-state.js";

const FOLDER = "sync";
const ACKS = "acks.log";
const SMALLEST_COMPACTION_BYTES = 64 * 1024;

/**
 * The sync log of one entity, in a folder beside its document: an ops log for each writer, with what was written, and one
 * acknowledgement log, with what became of it. Both are appended to. Acknowledgements are written by the holder of the
 * sender's lock alone, who also writes them anew, in fewer lines, when they have grown.
 */
export class SyncLog {
  readonly folder: string;
  /** When the writers' files are brought to the disk. Not the acknowledgements: one that is lost is asked for again. */
  readonly policy: DiskPolicy;
  readonly acksPath: string;
  readonly #readers = new Map<number, { readonly reader: LineReader; position: number }>();
  #state = new SyncState();
  #names: readonly string[] = [];
  #ordinals: Session[] = [];
  #lastOrdinal = 0;
  #acks: LineWriter | undefined;
  #compactAtBytes = SMALLEST_COMPACTION_BYTES;

  constructor(entityFolder: string, policy = NO_FSYNC) {
    this.policy = policy;
    this.folder = join(entityFolder, FOLDER);
    this.acksPath = join(this.folder, ACKS);
  }

  /** Whether an entity's folder has a sync log. One without was written by another client. */
  static existsIn(entityFolder: string): boolean {
    return existsSync(join(entityFolder, FOLDER));
  }

  get state(): SyncState {
    return this.#state;
  }

  /** Reads everything anew. */
  load(): void {
    this.close();
    this.#state = new SyncState();
    this.#ordinals = [];
    this.#names = namesIn(this.folder);
    // Most mirrors are offline ones: a file that is not there costs more than one that is.
    for (const { bytes } of this.#names.includes(ACKS) ? linesOf(this.acksPath) : []) {
      const line = acksLine.safeParse(parsed(bytes));
      if (line.success) this.#state.apply(line.data, this.#ordinals);
    }
    this.#readOps(slotsAmong(this.#names));
  }

  /** The names of the files in the log's folder when it was loaded. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Reads what writers have added to their ops logs. */
  refresh(): void {
    this.#readOps(this.slots());
  }

  /** The writers' slots that have an ops log. */
  slots(): number[] {
    return slotsAmong(namesIn(this.folder));
  }

  /** Opens a writer's ops log. */
  openOps(slot: number): LineWriter {
    makeFolder(this.folder);
    return new LineWriter(this.#opsPath(slot), this.policy);
  }

  /** Notes that a stretch of rows is done with. */
  done(session: Session, stream: StreamName, start: number, end: number, delivered: number, skipped: number): void {
    this.#record([this.#ordinal(session), letterOf(stream), start, end, delivered, skipped]);
  }

  /** Notes that the backend does not want a stretch of rows. */
  refuseRows(session: Session, stream: StreamName, start: number, end: number, rows: number, refusal: Refusal): void {
    this.#record({ refusedRows: [this.#ordinal(session), letterOf(stream), start, end, rows], refusal });
  }

  /** Notes that a stretch is a batch of its own, before it is sent: whoever sends it again sends the same rows under the same key. */
  batch(session: Session, stream: StreamName, start: number, end: number): void {
    this.#record({ batch: [this.#ordinal(session), letterOf(stream), start, end] });
  }

  /** Names a session in the acknowledgements as well, so that neither file alone is needed to know it. */
  name(session: Session): void {
    this.#ordinal(session);
  }

  deliverOp(key: string, id: string | undefined): void {
    this.#record({ op: key, id });
  }

  refuseOp(key: string, refusal: Refusal): void {
    this.#record({ refusedOp: key, refusal });
  }

  mapRow(row: string, id: string): void {
    this.#record({ row, id });
  }

  park(parked: Refusal | null): void {
    if (parked === null && this.#state.parked === undefined) return;
    this.#record({ parked });
  }

  /** Gives the acknowledgement log back until it is needed again. */
  rest(): void {
    this.#acks?.close();
    this.#acks = undefined;
  }

  close(): void {
    this.rest();
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
    const line = lineOf(session, ordinal);
    // On the file first: what follows names it by its number.
    this.#append(line);
    this.#state.apply(line, this.#ordinals);
    return ordinal;
  }

  #record(line: AcksLine): void {
    this.#state.apply(line, this.#ordinals);
    if (this.#append(line) > this.#compactAtBytes) this.#compact();
  }

  #append(line: AcksLine): number {
    this.#acks ??= new LineWriter(this.acksPath);
    return this.#acks.appendNow(JSON.stringify(line)).end;
  }

  #compact(): void {
    const text = this.#state
      .acknowledgements()
      .map((line) => `${encode(line)}\n`)
      .join("");
    const temporary = `${this.acksPath}.tmp`;
    onFile("write the file", temporary, () => {
      // One that a kill left behind, or a link that somebody put there.
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
    this.#compactAtBytes = Math.max(SMALLEST_COMPACTION_BYTES, 4 * Buffer.byteLength(text));
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
