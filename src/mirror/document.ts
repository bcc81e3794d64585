import { randomUUID } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { LowSync, type SyncAdapter } from "lowdb";
import { MirrorError } from "../errors.js";
import { FILE_MODE, isMissing, makeFolder, onFile } from "./files.js";
import { decode, encode } from "./lossless-json.js";

/** A document of the mirror: an experiment or a run, with the fields sent and the times they were written. */
export interface MirrorDocument {
  readonly id: string;
  /** When the document was made, in seconds since the epoch. */
  readonly _created_at: number;
  /** When it was last changed, in seconds since the epoch. */
  readonly _updated_at: number;
  readonly [field: string]: unknown;
}

/** Reads a document; undefined where there is none. */
export function readDocument(path: string): MirrorDocument | undefined {
  const document = new LowSync<MirrorDocument | undefined>(new DocumentFile(path), undefined);
  document.read();
  return document.data;
}

/** Lays fields over a document, making it where there is none, and returns it. */
export function mergeDocument(path: string, id: string, fields: Readonly<Record<string, unknown>>): MirrorDocument {
  const now = Date.now() / 1000;
  makeFolder(dirname(path));
  const document = new LowSync<MirrorDocument>(new DocumentFile(path), { id, _created_at: now, _updated_at: now });
  document.read();
  const { _updated_at: _, ...before } = document.data;
  document.data = { ...before, ...fields, id, _created_at: document.data._created_at ?? now, _updated_at: now };
  document.write();
  return document.data;
}

/** lowdb's own adapters share one temporary name and lose NaN, and their errors name no file. */
class DocumentFile<Document> implements SyncAdapter<Document> {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  read(): Document | null {
    const text = onFile("read the document", this.#path, () => readIfThere(this.#path));
    if (text === undefined) return null;
    const value = onFile("understand the document", this.#path, () => decode(text));
    if (!isObject<Document>(value)) throw new MirrorError("The document is no JSON object", this.#path);
    return value;
  }

  write(document: Document): void {
    const temporary = `${this.#path}.${randomUUID()}.tmp`;
    onFile("write the document", this.#path, () => {
      try {
        writeFileSync(temporary, `${encode(document, 2)}\n`, { mode: FILE_MODE });
        renameSync(temporary, this.#path);
      } catch (error) {
        rmSync(temporary, { force: true });
        throw error;
      }
    });
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isObject<Value>(value: unknown): value is Value {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
