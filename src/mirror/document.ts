import { randomUUID } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { LowSync, type SyncAdapter } from "lowdb";
import { MirrorError } from "../errors.js";
import { isObject } from "../objects.js";
import { FILE_MODE, makeFolder, onFile, unlessMissing } from "./files.js";
import { textOf } from "./links.js";
import { decode, encode } from "./lossless-json.js";

/** A document of the mirror: an experiment or a run, with the fields sent and the times they were written. */
export interface MirrorDocument {
  /** The folder's name: the backend's id, or the one that was made here. */
  readonly id: string;
  /** When the document was made, in seconds since the epoch. */
  readonly _created_at: number;
  /** When it was last changed, in seconds since the epoch. */
  readonly _updated_at: number;
  readonly [field: string]: unknown;
}

/** Reads a document; undefined where there is none. An error's stack is left out: readers may send what they read. */
export function readDocument(path: string): MirrorDocument | undefined {
  const document = new DocumentFile(path).read();
  if (document === null) return undefined;
  const { _error_stack, ...others } = document;
  return others;
}

/** Keeps an error's stack in a document that is there. It stays in the file: readers and senders never see it. */
export function keepErrorStack(path: string, stack: string): void {
  const document = new LowSync<MirrorDocument | null>(new DocumentFile(path), null);
  document.read();
  if (document.data === null) return;
  document.data = { ...document.data, _error_stack: stack };
  document.write();
}

/**
 * Lays fields over a document, making it where there is none. `at` is when they were written, in seconds since the epoch;
 * `isSynced`: whether it has to be on the disk before it takes the place of the old one.
 */
export function mergeDocument(
  path: string,
  id: string,
  fields: Readonly<Record<string, unknown>>,
  at: number,
  isSynced = false,
): void {
  makeFolder(dirname(path));
  const document = new LowSync<MirrorDocument>(new DocumentFile(path, isSynced), {
    id,
    _created_at: at,
    _updated_at: at,
  });
  document.read();
  const { _created_at = at } = document.data;
  document.data = { id, _created_at, ...withoutOwn(document.data), ...withoutOwn(fields), _updated_at: at };
  document.write();
}

/** The fields without those that are the mirror's own: an update may carry any field, and must not change these. */
function withoutOwn(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { id: _, _created_at, _updated_at, ...others } = fields;
  return others;
}

/** lowdb's own adapters share one temporary name and lose NaN, and their errors name no file. */
class DocumentFile implements SyncAdapter<MirrorDocument | null> {
  readonly #path: string;
  readonly #isSynced: boolean;

  constructor(path: string, isSynced = false) {
    this.#path = path;
    this.#isSynced = isSynced;
  }

  read(): MirrorDocument | null {
    const text = onFile("read the document", this.#path, () => unlessMissing(undefined, () => textOf(this.#path)));
    if (text === undefined) return null;
    const value = onFile("understand the document", this.#path, () => decode(text));
    if (!isObject<MirrorDocument>(value)) throw new MirrorError("The document is no JSON object", this.#path);
    return value;
  }

  write(document: MirrorDocument | null): void {
    const temporary = `${this.#path}.${randomUUID()}.tmp`;
    onFile("write the document", this.#path, () => {
      try {
        writeFileSync(temporary, `${encode(document, 2)}\n`, { mode: FILE_MODE, flush: this.#isSynced });
        renameSync(temporary, this.#path);
      } catch (error) {
        rmSync(temporary, { force: true });
        throw error;
      }
    });
  }
}
