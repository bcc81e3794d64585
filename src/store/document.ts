import { randomUUID } from "node:crypto";
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { LowSync, type SyncAdapter } from "lowdb";
import { decode, encode } from "../api/lossless-json.js";
import { MirrorError } from "../errors.js";
import { isObject } from "../util/objects.js";
import { FILE_MODE, onFile, rename, unlessMissing } from "./files.js";
import { type DiskPolicy, makeFolderKnown, NO_FSYNC, syncFolder, syncToDisk } from "./fsync.js";
import { NO_FOLLOW } from "./links.js";
import { writeDeferred } from "./unwritten.js";

/**
 * A document of the mirror: an experiment or a run, with the fields sent and the times they were written. An integer that a
 * number would round, such as a seed of 64 bits that the Python client wrote, is a bigint.
 */
export interface MirrorDocument {
  /** The folder's name: the backend's id, or the one that was made here. */
  readonly id: string;
  /** When the document was made, in seconds since the epoch. */
  readonly _created_at: number;
  /** When it was last changed, in seconds since the epoch. */
  readonly _updated_at: number;
  readonly [field: string]: unknown;
}

/** The document is no JSON object, as a power cut leaves it: empty, or cut off. */
export class DamagedDocumentError extends MirrorError {}

/** Reads a document; undefined where there is none. An error's stack is left out: readers may send what they read. */
export function readDocument(path: string): MirrorDocument | undefined {
  writeDeferred(path);
  const document = new DocumentFile(path).read();
  if (document === null) return undefined;
  const { _error_stack, ...others } = document;
  return others;
}

/** Keeps an error's stack in a document that is there. It stays in the file: readers and senders never see it. */
export function keepErrorStack(path: string, stack: string): void {
  writeDeferred(path);
  const document = new LowSync<MirrorDocument | null>(new DocumentFile(path), null);
  document.read();
  if (document.data === null) return;
  document.data = { ...document.data, _error_stack: stack };
  document.write();
}

/** lowdb's own adapters share one temporary name and lose NaN, and their errors name no file. */
export class DocumentFile implements SyncAdapter<MirrorDocument | null> {
  readonly #path: string;
  readonly #policy: DiskPolicy;
  /** Names the version of the file that was read or written last. */
  #version: string | undefined;
  #sizeBytes = 0;

  constructor(path: string, policy = NO_FSYNC) {
    this.#path = path;
    this.#policy = policy;
  }

  /** The size of the file when it was read or written last. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Whether the file is the one that was read or written last. */
  get isUnchanged(): boolean {
    const stats = onFile("look at the document", this.#path, () =>
      lstatSync(this.#path, { bigint: true, throwIfNoEntry: false }),
    );
    return stats !== undefined && versionOf(stats) === this.#version;
  }

  /** @throws DamagedDocumentError where the file holds no document, MirrorError where it cannot be read. */
  read(): MirrorDocument | null {
    this.#version = undefined;
    const text = onFile("read the document", this.#path, () => unlessMissing(undefined, () => this.#text()));
    if (text === undefined) return null;
    const value = this.#decoded(text);
    if (!isObject<MirrorDocument>(value)) {
      throw new DamagedDocumentError("The document is no JSON object", this.#path);
    }
    return value;
  }

  write(document: MirrorDocument | null): void {
    const folder = dirname(this.#path);
    makeFolderKnown(folder, this.#policy);
    const temporary = `${this.#path}.${randomUUID()}.tmp`;
    onFile("write the document", this.#path, () => {
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
      throw new DamagedDocumentError("Cannot understand the document", this.#path, cause);
    }
  }

  #note(descriptor: number): void {
    const stats = fstatSync(descriptor, { bigint: true });
    this.#version = versionOf(stats);
    this.#sizeBytes = Number(stats.size);
  }
}

/** The number of a file is given out again, and its time is as exact as the system's clock: all of them together tell. */
function versionOf({ ino, size, mtimeNs }: { ino: bigint; size: bigint; mtimeNs: bigint }): string {
  return `${ino} ${size} ${mtimeNs}`;
}
