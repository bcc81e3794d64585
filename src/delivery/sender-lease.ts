import { type Holder, isLock, type Lock, SENDER_LOCK, takeLock } from "../journal/lock.js";

/** The right of this process to send for an entity. */
export class SenderLease {
  readonly #folder: string;
  #lock: Lock | undefined;
  #holder: Holder | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Whether this process holds it. A process that stood still for long may have lost it. */
  checkHeld(): boolean {
    return this.#lock?.isHeld() ?? false;
  }

  /** Who holds it, if that is another process. */
  get holder(): Holder | undefined {
    return this.#holder;
  }

  /** Acquires it, unless another process holds it. */
  acquire(): boolean {
    const answer = takeLock(this.#folder, SENDER_LOCK);
    this.#holder = isLock(answer) ? undefined : answer;
    this.#lock = isLock(answer) ? answer : undefined;
    return this.#lock !== undefined;
  }

  release(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }
}
