import { closeSync, constants, fstatSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { isMissing, wrapFsError } from "../store/files.js";
import { NO_FOLLOW, textOf } from "../store/links.js";

/** A lock whose owner is on another host expires after this time without a heartbeat. */
export const EXPIRES_AFTER_MS = 30_000;
const RENEW_EVERY_MS = 5_000;
/** A lock that was not renewed for this time is compared with its file before it is relied on. */
const COMPARE_AFTER_MS = 6_000;
/** How long renewing may block the process at a time, and how long it pauses then. */
const SLICE_MS = 2;
const PAUSE_MS = 20;

/** The locks of this thread, ordered by their last heartbeat. One timer renews them all. */
const locks = new Set<Lock>();
let timer: NodeJS.Timeout | undefined;

/** Keeps a lock whose file contains this unique text. `hasSuccessor`: whether another owner has begun to take over. */
export function holdLock(path: string, text: string, hasSuccessor: () => boolean): Lock {
  const lock = new Lock(path, text, hasSuccessor);
  locks.add(lock);
  schedule();
  return lock;
}

/** A lock that this thread has acquired. */
export class Lock {
  readonly #path: string;
  readonly #text: string;
  readonly #hasSuccessor: () => boolean;
  #renewed = now();
  #isOurs = true;

  constructor(path: string, text: string, hasSuccessor: () => boolean) {
    this.#path = path;
    this.#text = text;
    this.#hasSuccessor = hasSuccessor;
  }

  /** Time since the last heartbeat, in milliseconds. */
  get sinceHeartbeatMs(): number {
    return since(this.#renewed);
  }

  /**
   * Checks that this thread still owns the lock; costs nothing shortly after a heartbeat. A process that was suspended may
   * have lost its lock, so an old one is renewed first.
   */
  checkHeld(): boolean {
    if (!this.#isOurs) return false;
    if (this.sinceHeartbeatMs <= COMPARE_AFTER_MS) return true;
    this.renew();
    // A heartbeat that fails for another reason, such as too many open files, may succeed again in time.
    return this.#isOurs && this.sinceHeartbeatMs < EXPIRES_AFTER_MS / 2;
  }

  release(): void {
    locks.delete(this);
    if (locks.size === 0) stopTimer();
    const isOurs = this.#isOurs && textOfLock(this.#path) === this.#text;
    this.#isOurs = false;
    if (isOurs) wrapFsError("release the lock", this.#path, () => rmSync(this.#path, { force: true }));
  }

  /** Renews the heartbeat, unless the lock was lost in the meantime. */
  renew(): void {
    const gapMs = this.sinceHeartbeatMs;
    locks.delete(this);
    try {
      this.#isOurs = renewFile(this.#path, this.#text);
    } catch (error) {
      if (isMissing(error)) this.#isOurs = false;
      else locks.add(this);
      return;
    }
    // A successor announces itself and then checks our heartbeat; we write ours and then check for a successor. One sees the other.
    if (gapMs > EXPIRES_AFTER_MS / 2) this.#isOurs &&= !this.#hasSuccessor();
    if (!this.#isOurs) return;
    this.#renewed = now();
    locks.add(this);
  }
}

/** Rewrites the text, which updates the file's time. Returns false if the file has another text: the lock was lost. */
function renewFile(path: string, text: string): boolean {
  const descriptor = openSync(path, constants.O_RDWR | NO_FOLLOW);
  try {
    // The descriptor compares and writes the same file, even if the name is reused in the meantime.
    if (readFileSync(descriptor, "utf8") !== text) return false;
    writeSync(descriptor, text, 0);
    return fstatSync(descriptor).nlink > 0;
  } finally {
    closeSync(descriptor);
  }
}

function textOfLock(path: string): string | undefined {
  try {
    return textOf(path);
  } catch {
    return undefined;
  }
}

/** Renews due locks, oldest first. If there are too many, the rest is renewed a little later. */
function renewDue(): void {
  const began = performance.now();
  for (const lock of locks) {
    if (lock.sinceHeartbeatMs < RENEW_EVERY_MS || performance.now() - began > SLICE_MS) break;
    lock.renew();
  }
  timer = undefined;
  schedule();
}

function schedule(): void {
  const [oldest] = locks;
  if (timer !== undefined || oldest === undefined) return;
  timer = setTimeout(renewDue, Math.max(PAUSE_MS, RENEW_EVERY_MS - oldest.sinceHeartbeatMs)).unref();
}

function stopTimer(): void {
  clearTimeout(timer);
  timer = undefined;
}

/** The monotonic clock may stop while the machine sleeps, and the wall clock may be set: the longer time counts. */
function now(): { readonly monotonicMs: number; readonly wallMs: number } {
  return { monotonicMs: performance.now(), wallMs: Date.now() };
}

function since({ monotonicMs, wallMs }: ReturnType<typeof now>): number {
  return Math.max(performance.now() - monotonicMs, Date.now() - wallMs);
}
