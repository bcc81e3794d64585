import { constants, fstatSync, ftruncateSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { MirrorError } from "../errors.js";
import { now } from "../util/clock.js";
import { codeOf } from "../util/thrown.js";
import { addToPool, closeDescriptor, openFile, type PooledFile } from "./descriptor-pool.js";
import { isMissing, wrapFsError } from "./files.js";
import {
  type DiskPolicy,
  forget,
  makeSyncedFolder,
  syncFolder,
  syncToDisk,
  syncToDiskSoon,
  syncWithin,
} from "./fsync.js";
import { NO_FOLLOW } from "./links.js";

const { O_APPEND, O_CREAT, O_RDWR } = constants;
const FLAGS = O_APPEND | O_RDWR | NO_FOLLOW;
const NEWLINE = 0x0a;
const CHECK_EVERY_MS = 1;

/** The position of a line in its file, in bytes. The end is after the newline, where the next line starts. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A file of lines that has no other writer. A line that a power loss or a full disk has torn is never joined with the next one. */
export class AppendFile implements PooledFile {
  readonly path: string;
  wasUsed = true;
  readonly #policy: DiskPolicy;
  #descriptor: number | undefined;
  #syncError: unknown;
  #size = 0;
  #endsInsideLine = false;
  #foundIntactAt = Number.NEGATIVE_INFINITY;

  /** @throws MirrorError if the file cannot be opened. */
  constructor(path: string, policy: DiskPolicy) {
    this.path = path;
    this.#policy = policy;
    makeSyncedFolder(dirname(path), policy);
    const descriptor = this.#open(FLAGS | O_CREAT);
    this.#size = wrapFsError("inspect the file", path, () => fstatSync(descriptor).size);
    if (this.#size === 0) syncFolder(dirname(path), policy);
    this.#endsInsideLine = !endsWithNewline(descriptor, this.#size);
  }

  /** The expected size in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Where the next line starts. */
  get end(): number {
    return this.#size + (this.#endsInsideLine ? 1 : 0);
  }

  /**
   * Checks that the file still exists and has the expected size: it may be deleted or truncated under an open descriptor.
   * Checks at most once per millisecond, because a check costs as much as a row.
   */
  checkIntact(time = now()): boolean {
    if (time - this.#foundIntactAt < CHECK_EVERY_MS) return true;
    try {
      const descriptor = this.#opened();
      const { nlink, size } = wrapFsError("inspect the file", this.path, () => fstatSync(descriptor));
      if (nlink === 0 || size !== this.#size) return false;
    } catch (error) {
      if (isMissing(error) || (error instanceof MirrorError && isMissing(error.cause))) return false;
      throw error;
    }
    this.#foundIntactAt = time;
    return true;
  }

  /** Writes a text of whole lines, or as much of it as the system takes. */
  write(text: string): ByteRange & { readonly error?: unknown } {
    const start = this.end;
    let written = 0;
    let total = 0;
    try {
      if (this.#syncError !== undefined) throw this.#syncError;
      const descriptor = this.#opened();
      if (this.#endsInsideLine) {
        writeSync(descriptor, "\n");
        this.#endsInsideLine = false;
        this.#size = start;
      }
      total = Buffer.byteLength(text);
      written = writeSync(descriptor, text);
      // A short write is the first sign of a full disk; the next write fails with the reason.
      while (written < total) written += writeSync(descriptor, Buffer.from(text), written);
      this.#size = start + written;
      if (this.#policy.fsync === "always") this.syncToDisk();
      if (this.#policy.fsync === "interval") syncWithin(this);
      return { start, end: this.#size };
    } catch (error) {
      this.#syncError = undefined;
      if (!this.#endsInsideLine) this.#size = start + written;
      if (written > 0 && written < total) return { start, end: this.#size, error };
      // It was written but could not be synced.
      if (written > 0) this.truncate(start);
      return { start, end: start, error };
    }
  }

  /** Removes what was written after a position. Returns whether that succeeded; otherwise the file is not intact. */
  truncate(size: number): boolean {
    if (this.#size <= size) return true;
    this.#size = size;
    try {
      ftruncateSync(this.#opened(), size);
      return true;
    } catch {
      this.#foundIntactAt = Number.NEGATIVE_INFINITY;
      this.#endsInsideLine = true;
      return false;
    }
  }

  /** Syncs the written lines to disk. */
  syncToDisk(): void {
    syncToDisk(this.#opened(), this.path, this.#policy);
  }

  /** Syncs the written lines to disk without waiting. If that fails, the next write fails. */
  syncSoon(): void {
    if (this.#descriptor === undefined) return;
    syncToDiskSoon(this.#descriptor, this.path, this.#policy, (error) => {
      this.#syncError = error;
    });
  }

  releaseDescriptor(): void {
    if (this.#descriptor === undefined) return;
    if (this.#policy.fsync === "interval") {
      forget(this);
      this.syncToDisk();
    }
    closeDescriptor(this, this.#descriptor);
    this.#descriptor = undefined;
  }

  /** The error of a write that failed. */
  failure(cause: unknown): MirrorError {
    if (cause instanceof MirrorError) return cause;
    return new MirrorError(
      `Cannot append to the file${codeOf(cause) === "ENOSPC" ? ": the disk is full" : ""}`,
      this.path,
      cause,
    );
  }

  #opened(): number {
    this.wasUsed = true;
    return this.#descriptor ?? this.#open(FLAGS);
  }

  #open(flags: number): number {
    const descriptor = wrapFsError("open the file", this.path, () => openFile(this.path, flags));
    addToPool(this);
    this.#descriptor = descriptor;
    return descriptor;
  }
}

function endsWithNewline(descriptor: number, size: number): boolean {
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  return readSync(descriptor, last, 0, 1, size - 1) === 0 || last[0] === NEWLINE;
}
