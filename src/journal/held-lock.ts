import { closeSync, constants, fstatSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { isMissing, onFile } from "../store/files.js";
import { NO_FOLLOW } from "../store/links.js";

/** A lock that cannot be looked at, its owner being on another host, expires after this long without a heartbeat. */
export const EXPIRES_AFTER_MS = 30_000;
const RENEW_EVERY_MS = 5_000;
/** A lock that was not renewed for this long is compared with its file before it is relied on. */
const COMPARE_AFTER_MS = 6_000;
/** How long renewing may hold up the process at a time, and how long it rests then. */
const SLICE_MS = 2;
const PAUSE_MS = 20;

/** A lock that this thread has taken. */
export interface Lock {
  /**
   * Whether it is still ours; costs nothing while it was renewed lately. A process that stood still for long may have been
   * taken for dead: its lock is compared with the file first.
   */
  isHeld(): boolean;
  release(): void;
}

/** The locks of this thread, by the time of their last heartbeat: one timer renews them all. */
const held = new Set<HeldLock>();
let timer: NodeJS.Timeout | undefined;

/** The lock whose file holds this text, which is nobody else's. `hasSuccessor`: whether another one has begun to take over. */
export function holdLock(path: string, text: string, hasSuccessor: () => boolean): Lock {
  const lock = new HeldLock(path, text, hasSuccessor);
  held.add(lock);
  schedule();
  return lock;
}

class HeldLock implements Lock {
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

  /** How long ago the last heartbeat was, in milliseconds. */
  get silentMs(): number {
    return since(this.#renewed);
  }

  isHeld(): boolean {
    if (!this.#isOurs) return false;
    if (this.silentMs <= COMPARE_AFTER_MS) return true;
    this.renew();
    // A heartbeat that fails for another reason, such as too many open files, may work again in time.
    return this.#isOurs && this.silentMs < EXPIRES_AFTER_MS / 2;
  }

  release(): void {
    held.delete(this);
    if (held.size === 0) stopTimer();
    const isOurs = this.#isOurs && heldText(this.#path) === this.#text;
    this.#isOurs = false;
    if (isOurs) onFile("give the lock back", this.#path, () => rmSync(this.#path, { force: true }));
  }

  /** Renews the heartbeat, unless the lock was lost meanwhile. */
  renew(): void {
    const wasSilentMs = this.silentMs;
    held.delete(this);
    try {
      this.#isOurs = isRenewed(this.#path, this.#text);
    } catch (error) {
      if (isMissing(error)) this.#isOurs = false;
      else held.add(this);
      return;
    }
    // Whoever takes over looks for a heartbeat after announcing itself, and we look for it after ours: one of us sees the other.
    if (wasSilentMs > EXPIRES_AFTER_MS / 2) this.#isOurs &&= !this.#hasSuccessor();
    if (!this.#isOurs) return;
    this.#renewed = now();
    held.add(this);
  }
}

/** Writes the text again where the file still holds it: the time is then that of the disk. False where the lock was lost. */
function isRenewed(path: string, text: string): boolean {
  const descriptor = openSync(path, constants.O_RDWR | NO_FOLLOW);
  try {
    // What is compared and written is one file, also where the name is given to another one meanwhile.
    if (readFileSync(descriptor, "utf8") !== text) return false;
    writeSync(descriptor, text, 0);
    return fstatSync(descriptor).nlink > 0;
  } finally {
    closeSync(descriptor);
  }
}

function heldText(path: string): string | undefined {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | NO_FOLLOW);
    try {
      return readFileSync(descriptor, "utf8");
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

/** Renews what is due, the oldest first, and leaves the rest for a moment later where there is too much of it. */
function renewDue(): void {
  const began = performance.now();
  for (const lock of held) {
    if (lock.silentMs < RENEW_EVERY_MS || performance.now() - began > SLICE_MS) break;
    lock.renew();
  }
  timer = undefined;
  schedule();
}

function schedule(): void {
  const [oldest] = held;
  if (timer !== undefined || oldest === undefined) return;
  timer = setTimeout(renewDue, Math.max(PAUSE_MS, RENEW_EVERY_MS - oldest.silentMs)).unref();
}

function stopTimer(): void {
  clearTimeout(timer);
  timer = undefined;
}

/** The monotonic clock stands still while a machine sleeps, the other one may be set: whichever says more counts. */
function now(): { readonly monotonicMs: number; readonly wallMs: number } {
  return { monotonicMs: performance.now(), wallMs: Date.now() };
}

function since({ monotonicMs, wallMs }: ReturnType<typeof now>): number {
  return Math.max(performance.now() - monotonicMs, Date.now() - wallMs);
}
