import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { LowSync } from "lowdb";
import { MirrorError } from "../errors.js";
import { setField } from "../util/objects.js";
import { DamagedDocumentError, DocumentFile, type MirrorDocument } from "./document.js";
import { onFile, rename, sizeOf } from "./files.js";
import type { DiskPolicy } from "./fsync.js";
import { deferWriting, isWritten, type Unwritten } from "./unwritten.js";

/** A smaller document is written with each change: that costs no more than the change itself. */
const LARGE_BYTES = 64 * 1024;
/** A large one rests this many times as long as writing it took: writing costs 4% of the time at most. */
const REST_FACTOR = 24;
const RETRY_AFTER_MS = 1_000;

/** The mirror's own: a patch may carry any field, and must not change these. */
const OWN_FIELDS: ReadonlySet<string> = new Set(["id", "_created_at", "_updated_at"]);

type WritableDocument = { -readonly [Name in keyof MirrorDocument]: MirrorDocument[Name] };
type Fields = Readonly<Record<string, unknown>>;

/** A create or a patch as the ops log has it; `at` is in seconds since the epoch. */
export type DocumentChange = { readonly at: number } & ({ readonly create: Fields } | { readonly patch: Fields });

/**
 * Writes the document of one experiment or run: a fold of its creates and patches, which the ops log has already. It is
 * kept in memory, and read again only where somebody else has changed the file.
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
   * Reads the document, unless it is known. A damaged one is rebuilt from the ops log, with a warning.
   * @throws MirrorError where it cannot be read. To be called before a change is noted in the ops log.
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
   * Lays changes over the document, making it where there is none. A large document is written a moment later, at the
   * latest when it is read in this process, or closed, or the process exits. Where it cannot be written, a warning says
   * so once: the ops log has the change, and it is written with the next one.
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

  /** Lays over the document what the ops log alone has, as a process leaves it that was killed on the way. */
  repair(): void {
    this.#orWarn(() => {
      this.load();
      const since = this.#low.data?._updated_at ?? 0;
      this.merge([...this.#history()].filter(({ at }) => at > since));
    });
  }

  /** Writes what is not in the file yet. */
  flush(): void {
    if (this.#unwritten.length === 0) return;
    // A folder that somebody has deleted meanwhile is not made again for this.
    if (!existsSync(dirname(this.path))) this.#settle();
    else
      this.#orWarn(() => {
        this.load();
        this.#write();
      });
  }

  /** Writes what is not in the file yet, and forgets the document. */
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
    isWritten(this);
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
    if (aside !== undefined) onFile("rename the document", this.path, () => rename(this.path, aside));
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
      this.#policy.warn(`${error.message}. Its fields are in the ops log, and are sent.`);
    }
  }
}

function inOrder(changes: Iterable<DocumentChange>): DocumentChange[] {
  return [...changes].sort((a, b) => a.at - b.at);
}

function rebuiltFrom(changes: readonly DocumentChange[]): string {
  if (changes.length === 0) return "The ops log has none of its fields.";
  if (changes.some((change) => "create" in change)) return "Rebuilt it from the ops log.";
  return "Began a new one, with those of its fields that the ops log has.";
}
