import { closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { encode } from "../api/lossless-json.js";
import { FILE_MODE, rename, wrapFsError } from "../store/files.js";
import { type DiskPolicy, syncFolder, syncToDisk } from "../store/fsync.js";
import { linesOf } from "../store/line-reader.js";
import { LineWriter } from "../store/line-writer.js";
import type { Session } from "./sessions.js";
import { type AcksLine, acksLine, parsedLine } from "./sync-lines.js";
import { type SyncState, sessionLineOf } from "./sync-state.js";

export const ACKS = "acks.log";
const MIN_COMPACTION_BYTES = 64 * 1024;

/** The acknowledgement log of one entity, which records outcomes. It is folded into a state, and compacted when it has grown. */
export class AcksLog {
  readonly path: string;
  readonly #policy: DiskPolicy;
  readonly #state: SyncState;
  #ordinals: Session[] = [];
  /** Lines that give sessions their ordinals and are not in the file yet. */
  #newSessions: AcksLine[] = [];
  #lastOrdinal = 0;
  #writer: LineWriter | undefined;
  #compactAtBytes = MIN_COMPACTION_BYTES;

  constructor(folder: string, policy: DiskPolicy, state: SyncState) {
    this.path = join(folder, ACKS);
    this.#policy = policy;
    this.#state = state;
  }

  /** Reads the file. Returns the nonces of the sessions that it names. */
  read(): ReadonlySet<string> {
    for (const { bytes } of linesOf(this.path)) {
      const line = parsedLine(acksLine, bytes);
      if (line !== undefined) this.#state.apply(line, this.#ordinals);
    }
    return new Set(this.#ordinals.map(({ nonce }) => nonce));
  }

  /** The number of a session in the file. A new one is recorded with the next lines. */
  ordinal(session: Session): number {
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

  /** Records a session, so that it is known if either log is lost. */
  name(session: Session): void {
    this.ordinal(session);
    if (this.#newSessions.length > 0) this.record([]);
  }

  /** Applies lines to the state, then writes them in one piece, after the lines of the sessions that they refer to. */
  record(lines: readonly AcksLine[]): void {
    for (const line of lines) this.#state.apply(line, this.#ordinals);
    const text = [...this.#newSessions, ...lines].map(textOf).join("\n");
    if (this.#append(text) > this.#compactAtBytes) this.#compact();
  }

  /** Closes the file until it is needed again. */
  close(): void {
    this.#writer?.close();
    this.#writer = undefined;
  }

  #append(text: string): number {
    try {
      this.#writer ??= new LineWriter(this.path);
      const { end } = this.#writer.appendNow(text);
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
    const temporary = `${this.path}.tmp`;
    wrapFsError("write the file", temporary, () => {
      // A leftover of a killed process, or a link.
      rmSync(temporary, { force: true });
      const descriptor = openSync(temporary, "wx", FILE_MODE);
      try {
        writeFileSync(descriptor, text);
        syncToDisk(descriptor, temporary, this.#policy);
      } finally {
        closeSync(descriptor);
      }
      rename(temporary, this.path);
    });
    syncFolder(dirname(this.path), this.#policy);
    this.close();
    this.#ordinals = [...this.#state.sessions.byNonce.values()];
    this.#newSessions = [];
    this.#compactAtBytes = Math.max(MIN_COMPACTION_BYTES, 4 * Buffer.byteLength(text));
  }
}

/** Numbers and letters need no encoding. */
function textOf(line: AcksLine): string {
  return Array.isArray(line) ? JSON.stringify(line) : encode(line);
}
