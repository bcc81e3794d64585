import { acquireLock, isLock, type Lock, type LockOwner, SENDER_LOCK } from "../journal/lock.js";

/** The right of this process to send for an entity. */
export class SenderLease {
  readonly #folder: string;
  #lock: Lock | undefined;
  #holder: LockOwner | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Whether this process holds it. A process that stood still for long may have lost it. */
  checkHeld(): boolean {
    return this.#lock?.checkHeld() ?? false;
  }

  /** Who holds it, if that is another process. */
  get holder(): LockOwner | undefined {
    return this.#holder;
  }

  /** Acquires it, unless another process holds it. */
  acquire(): boolean {
    const answer = acquireLock(this.#folder, SENDER_LOCK);
    this.#holder = isLock(answer) ? undefined : answer;
    this.#lock = isLock(answer) ? answer : undefined;
    return this.#lock !== undefined;
  }

  release(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }
}
