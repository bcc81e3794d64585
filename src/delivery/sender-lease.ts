import { acquireLock, isLock, type Lock, type LockOwner, SENDER_LOCK } from "../journal/lock.js";

/** The right of this process to send for an entity. */
export class SenderLease {
  readonly #folder: string;
  #lock: Lock | undefined;
  #owner: LockOwner | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Whether this process holds it. A process that stood still for long may have lost it. */
  checkHeld(): boolean {
    return this.#lock?.checkHeld() ?? false;
  }

  /** Who holds it, if that is another process. */
  get owner(): LockOwner | undefined {
    return this.#owner;
  }

  /** Acquires it, unless another process holds it. */
  acquire(): boolean {
    const result = acquireLock(this.#folder, SENDER_LOCK);
    this.#owner = isLock(result) ? undefined : result;
    this.#lock = isLock(result) ? result : undefined;
    return this.#lock !== undefined;
  }

  release(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }
}
