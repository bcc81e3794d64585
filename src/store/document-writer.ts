import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { LowSync } from "lowdb";
import { MirrorError } from "../errors.js";
import { setField } from "../util/objects.js";
import { DamagedDocumentError, DocumentFile, type MirrorDocument } from "./document.js";
import { rename, sizeOf, wrapFsError } from "./files.js";
import type { DiskPolicy } from "./fsync.js";
import { deferWriting, markWritten, type Unwritten } from "./unwritten.js";

/** A smaller document is written on each change, which costs no more than the change itself. */
const LARGE_BYTES = 64 * 1024;
/** After a write, a large one is not written for this many times the write's duration: at most 4% of the time. */
const REST_FACTOR = 24;
const RETRY_AFTER_MS = 1_000;

/** Fields of the mirror itself: a patch may contain any field, but must not change these. */
const OWN_FIELDS: ReadonlySet<string> = new Set(["id", "_created_at", "_updated_at"]);

type WritableDocument = { -readonly [Name in keyof MirrorDocument]: MirrorDocument[Name] };
type Fields = Readonly<Record<string, unknown>>;

/** A create or a patch of the ops log; `at` is in seconds since the epoch. */
export type DocumentChange = { readonly at: number } & ({ readonly create: Fields } | { readonly patch: Fields });

/**
 * Writes the document of one experiment or run: a fold of its creates and patches, which are already in the ops log. The
 * document is kept in memory and read again only if another process has changed the file.
 */
export class DocumentWriter implements Unwritten {
  readonly path: string;
  readonly #id: string;
  readonly #policy: DiskPolicy;
  readonly #history: () => Iterable<DocumentChange>;
  readonly #file: DocumentFile;
  readonly #low: LowSync<WritableDocument | null>;
  #unwritten: DocumentChange[] = [];
  #writeAgainAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #hasWarned = false;

  /** `history`: all creates and patches of the ops log, from which a damaged document is rebuilt. */
  constructor(path: string, id: string, policy: DiskPolicy, history: () => Iterable<DocumentChange>) {
    this.path = path;
    this.#id = id;
    this.#policy = policy;
    this.#history = history;
    this.#file = new DocumentFile(path, policy);
    this.#low = new LowSync<WritableDocument | null>(this.#file, null);
  }

  /**
   * Reads the document if it is not in memory. A damaged one is rebuilt from the ops log, with a warning. Call it before a
   * change is appended to the ops log.
   * @throws MirrorError if it cannot be read.
   */
  load(): void {
    if (this.#low.data !== null && this.#file.isUnchanged) return;
    this.#low.data = null;
    try {
      this.#low.read();
    } catch (error) {
      if (!(error instanceof DamagedDocumentError)) throw error;
      this.#rebuild(error);
    }
    this.#fold(this.#unwritten);
  }

  /**
   * Applies changes to the document, creating it if necessary. A large document is written a little later, at the latest
   * when this process reads it, closes it or exits. If it cannot be written, there is one warning; the ops log has the
   * change, and the next write includes it.
   */
  merge(changes: Iterable<DocumentChange>): void {
    this.#orWarn(() => {
      const sorted = inOrder(changes);
      if (sorted.length === 0) return;
      this.load();
      this.#fold(sorted);
      this.#unwritten.push(...sorted);
      if (this.#file.sizeBytes < LARGE_BYTES || performance.now() >= this.#writeAgainAt) this.#write();
      else this.#defer();
    });
  }

  /** Applies changes that only the ops log has, because a process was killed before it wrote the document. */
  repair(): void {
    this.#orWarn(() => {
      this.load();
      const since = this.#low.data?._updated_at ?? 0;
      this.merge([...this.#history()].filter(({ at }) => at > since));
    });
  }

  /** Writes changes that are not in the file yet. */
  flush(): void {
    if (this.#unwritten.length === 0) return;
    // A folder that was deleted in the meantime is not created again.
    if (!existsSync(dirname(this.path))) this.#settle();
    else
      this.#orWarn(() => {
        this.load();
        this.#write();
      });
  }

  /** Writes changes that are not in the file yet and releases the document. */
  close(): void {
    this.flush();
    this.#settle();
    this.#low.data = null;
  }

  #fold(changes: readonly DocumentChange[]): void {
    const [first] = changes;
    if (first === undefined) return;
    this.#low.data ??= { id: this.#id, _created_at: first.at, _updated_at: first.at };
    const document = this.#low.data;
    document._created_at ??= first.at;
    for (const change of changes) {
      for (const [name, value] of Object.entries("create" in change ? change.create : change.patch)) {
        if (!OWN_FIELDS.has(name)) setField(document, name, value);
      }
      document._updated_at = change.at;
    }
  }

  #write(): void {
    const { data } = this.#low;
    if (data === null) return;
    const began = performance.now();
    const { id: _, _created_at, _updated_at, ...fields } = data;
    this.#low.data = { id: this.#id, _created_at, ...fields, _updated_at };
    this.#low.write();
    const ended = performance.now();
    this.#writeAgainAt = ended + REST_FACTOR * (ended - began);
    this.#settle();
  }

  #settle(): void {
    this.#unwritten = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
    markWritten(this);
  }

  #defer(): void {
    deferWriting(this);
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.flush();
      },
      Math.max(1, this.#writeAgainAt - performance.now()),
    ).unref();
  }

  #rebuild(error: DamagedDocumentError): void {
    const changes = inOrder(this.#history());
    const aside = sizeOf(this.path) === 0 ? undefined : `${this.path}.damaged-${Date.now()}`;
    if (aside !== undefined) wrapFsError("rename the document", this.path, () => rename(this.path, aside));
    this.#fold(changes);
    if (changes.length > 0) this.#write();
    const kept = aside === undefined ? "" : ` The damaged file is kept as ${aside}.`;
    this.#policy.warn(`${error.message}. ${rebuiltFrom(changes)}${kept}`);
  }

  #orWarn(step: () => void): void {
    try {
      step();
      this.#hasWarned &&= this.#unwritten.length > 0;
    } catch (error) {
      if (!(error instanceof MirrorError)) throw error;
      this.#writeAgainAt = performance.now() + RETRY_AFTER_MS;
      if (this.#unwritten.length > 0) this.#defer();
      if (this.#hasWarned) return;
      this.#hasWarned = true;
      this.#policy.warn(`${error.message}. Its fields are in the ops log and will be sent.`);
    }
  }
}

function inOrder(changes: Iterable<DocumentChange>): DocumentChange[] {
  return [...changes].sort((a, b) => a.at - b.at);
}

function rebuiltFrom(changes: readonly DocumentChange[]): string {
  if (changes.length === 0) return "The ops log contains none of its fields.";
  if (changes.some((change) => "create" in change)) return "Rebuilt it from the ops log.";
  return "Started a new one with the fields that the ops log contains.";
}
