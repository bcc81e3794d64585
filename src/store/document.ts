import { randomUUID } from "node:crypto";
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { LowSync, type SyncAdapter } from "lowdb";
import { decode, encode } from "../api/lossless-json.js";
import { MirrorError } from "../errors.js";
import { isObject } from "../util/objects.js";
import { FILE_MODE, rename, unlessMissing, wrapFsError } from "./files.js";
import { type DiskPolicy, makeSyncedFolder, NO_FSYNC, syncFolder, syncToDisk } from "./fsync.js";
import { NO_FOLLOW } from "./links.js";
import { writeDeferred } from "./unwritten.js";

/**
 * A document of the mirror: an experiment or a run, with the fields sent and the times they were written. An integer that a
 * number would round, such as a 64-bit seed, is a bigint.
 */
export interface MirrorDocument {
  /** The folder's name: the backend's id, or the UUID generated offline. */
  readonly id: string;
  /** When the document was created, in seconds since the epoch. */
  readonly _created_at: number;
  /** When it was last changed, in seconds since the epoch. */
  readonly _updated_at: number;
  readonly [field: string]: unknown;
}

/** The document is not a JSON object. A power loss can leave it empty or truncated. */
export class DamagedDocumentError extends MirrorError {}

/** Reads a document; undefined if there is none. The stored error stack is left out, because callers may send the result. */
export function readDocument(path: string): MirrorDocument | undefined {
  writeDeferred(path);
  const document = new DocumentFile(path).read();
  if (document === null) return undefined;
  const { _error_stack, ...others } = document;
  return others;
}

/** Stores an error's stack in an existing document. It stays local: `readDocument` leaves it out. */
export function keepErrorStack(path: string, stack: string): void {
  writeDeferred(path);
  const document = new LowSync<MirrorDocument | null>(new DocumentFile(path), null);
  document.read();
  if (document.data === null) return;
  document.data = { ...document.data, _error_stack: stack };
  document.write();
}

/** A lowdb adapter. lowdb's own share one temporary name and lose NaN, and their errors do not name the file. */
export class DocumentFile implements SyncAdapter<MirrorDocument | null> {
  readonly #path: string;
  readonly #policy: DiskPolicy;
  /** Identifies the version of the file that was last read or written. */
  #version: string | undefined;
  #sizeBytes = 0;

  constructor(path: string, policy = NO_FSYNC) {
    this.#path = path;
    this.#policy = policy;
  }

  /** The size of the file when it was last read or written. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Whether the file is unchanged since it was last read or written. */
  get isUnchanged(): boolean {
    const stats = wrapFsError("inspect the document", this.#path, () =>
      lstatSync(this.#path, { bigint: true, throwIfNoEntry: false }),
    );
    return stats !== undefined && versionOf(stats) === this.#version;
  }

  /** @throws DamagedDocumentError if the file is not a JSON object, MirrorError if it cannot be read. */
  read(): MirrorDocument | null {
    this.#version = undefined;
    const text = wrapFsError("read the document", this.#path, () => unlessMissing(undefined, () => this.#text()));
    if (text === undefined) return null;
    const value = this.#decoded(text);
    if (!isObject<MirrorDocument>(value)) {
      throw new DamagedDocumentError("The document is not a JSON object", this.#path);
    }
    return value;
  }

  write(document: MirrorDocument | null): void {
    const folder = dirname(this.#path);
    makeSyncedFolder(folder, this.#policy);
    const temporary = `${this.#path}.${randomUUID()}.tmp`;
    wrapFsError("write the document", this.#path, () => {
      try {
        const descriptor = openSync(temporary, "wx", FILE_MODE);
        try {
          writeFileSync(descriptor, `${encode(document, 2)}\n`);
          syncToDisk(descriptor, this.#path, this.#policy);
          this.#note(descriptor);
        } finally {
          closeSync(descriptor);
        }
        rename(temporary, this.#path);
      } catch (error) {
        this.#version = undefined;
        rmSync(temporary, { force: true });
        throw error;
      }
    });
    syncFolder(folder, this.#policy);
  }

  #text(): string {
    const descriptor = openSync(this.#path, constants.O_RDONLY | NO_FOLLOW);
    try {
      this.#note(descriptor);
      return readFileSync(descriptor, "utf8");
    } finally {
      closeSync(descriptor);
    }
  }

  #decoded(text: string): unknown {
    try {
      return decode(text);
    } catch (cause) {
      throw new DamagedDocumentError("Cannot parse the document", this.#path, cause);
    }
  }

  #note(descriptor: number): void {
    const stats = fstatSync(descriptor, { bigint: true });
    this.#version = versionOf(stats);
    this.#sizeBytes = Number(stats.size);
  }
}

/** Inode numbers are reused and modification times are coarse, so a version consists of several properties. */
function versionOf({ ino, size, mtimeNs }: { ino: bigint; size: bigint; mtimeNs: bigint }): string {
  return `${ino} ${size} ${mtimeNs}`;
}
