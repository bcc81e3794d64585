import { closeSync, existsSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decode, encode } from "../api/lossless-json.js";
import type { StreamName } from "../api/routes.js";
import { FILE_MODE, namesIn, onFile, rename } from "../store/files.js";
import { type DiskPolicy, makeFolderKnown, NO_FSYNC, syncFolder, syncToDisk } from "../store/fsync.js";
import { LineReader, linesOf } from "../store/line-reader.js";
import { type ByteRange, LineWriter } from "../store/line-writer.js";
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

/** A range of a stream that one session wrote. */
interface Stretch extends ByteRange {
  readonly session: Session;
  readonly stream: StreamName;
}

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
  #ordinals: Session[] = [];
  /** Lines that name sessions and are not on the file yet. */
  #names: AcksLine[] = [];
  /** The nonces of the sessions that the file named when it was read. */
  #sentBefore: ReadonlySet<string> = new Set();
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

  /** Reads everything anew. What was known stays known if a file cannot be read. */
  load(): void {
    this.close();
    const [state, ordinals] = [this.#state, this.#ordinals];
    this.#state = new SyncState();
    this.#ordinals = [];
    try {
      for (const { bytes } of linesOf(this.acksPath)) {
        const line = acksLine.safeParse(parsed(bytes));
        if (line.success) this.#state.apply(line.data, this.#ordinals);
      }
      this.#sentBefore = new Set(this.#ordinals.map(({ nonce }) => nonce));
      this.refresh();
      this.#names = [];
    } catch (error) {
      this.#state = state;
      this.#ordinals = ordinals;
      throw error;
    }
  }

  /** Reads what writers have added to their ops logs. */
  refresh(): void {
    for (const slot of this.slots()) {
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

  /** Whether rows of a session may have been sent before the log was read: its name is noted before the first of them is. */
  wasSentBefore(nonce: string): boolean {
    return this.#sentBefore.has(nonce);
  }

  /** The writers' slots that have an ops log. */
  slots(): number[] {
    return namesIn(this.folder)
      .map((name) => /^ops(?:\.(\d+))?\.jsonl$/.exec(name))
      .flatMap((match) => (match === null ? [] : Number(match[1] ?? 1)))
      .sort((a, b) => a - b);
  }

  /** Opens a writer's ops log. */
  openOps(slot: number): LineWriter {
    makeFolderKnown(this.folder, this.policy);
    return new LineWriter(this.#opsPath(slot), this.policy);
  }

  /** Notes that a stretch of rows is done with, and the backend's ids for rows of it. */
  done(
    { session, stream, start, end }: Stretch,
    delivered: number,
    skipped: number,
    rowIds: ReadonlyMap<string, string> = new Map(),
  ): void {
    // Before the acknowledgement: a row whose id was lost on the way is sent again, and answered with it again.
    const mapped = [...rowIds].map(([row, id]) => ({ row, id }));
    this.#record(...mapped, [this.#ordinal(session), letterOf(stream), start, end, delivered, skipped]);
  }

  /** Notes that the backend does not want a stretch of rows. */
  refuseRows({ session, stream, start, end }: Stretch, rows: number, refusal: Refusal): void {
    this.#record({ refusedRows: [this.#ordinal(session), letterOf(stream), start, end, rows], refusal });
  }

  /** Notes that stretches are batches of their own, before they are sent: whoever sends one again sends the same rows under the same key. */
  batches(stretches: readonly Stretch[]): void {
    const lines = stretches.map(
      ({ session, stream, start, end }): AcksLine => ({
        batch: [this.#ordinal(session), letterOf(stream), start, end],
      }),
    );
    this.#record(...lines);
  }

  /** Names a session in the acknowledgements as well, so that neither file alone is needed to know it. */
  name(session: Session): void {
    this.#ordinal(session);
    if (this.#names.length > 0) this.#record();
  }

  deliverOp(key: string, id: string | undefined): void {
    this.#record({ op: key, id });
  }

  refuseOp(key: string, refusal: Refusal): void {
    this.#record({ refusedOp: key, refusal });
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
    this.#state.apply(line, this.#ordinals);
    this.#names.push(line);
    return ordinal;
  }

  /** Takes lines into the state, then into the file: all in one write, behind those that name their sessions. */
  #record(...lines: AcksLine[]): void {
    for (const line of lines) this.#state.apply(line, this.#ordinals);
    const text = [...this.#names, ...lines].map((line) => JSON.stringify(line)).join("\n");
    if (this.#append(text) > this.#compactAtBytes) this.#compact();
  }

  #append(text: string): number {
    try {
      this.#acks ??= new LineWriter(this.acksPath);
      const { end } = this.#acks.appendNow(text);
      this.#names = [];
      return end;
    } catch (error) {
      // The state has what the file lacks: as soon as a line can be written, the file is written anew from the state.
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
    this.#names = [];
    this.#compactAtBytes = Math.max(SMALLEST_COMPACTION_BYTES, 4 * Buffer.byteLength(text));
  }

  #opsPath(slot: number): string {
    return join(this.folder, slot === 1 ? "ops.jsonl" : `ops.${slot}.jsonl`);
  }
}

function parsed(bytes: Buffer): unknown {
  try {
    return decode(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
