/** The deadline of a call. Much cheaper than an AbortSignal, which it creates only on demand. */
export class Deadline {
  /** Called once, when the deadline passes. */
  onPassed: ((reason: Error) => void) | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #message: string;
  readonly #isExtendable: boolean;
  #abort: AbortController | undefined;
  #reason: Error | undefined;
  #isCleared = false;

  /**
   * `leftMs`: the time left, in milliseconds. `isAwaited`: whether the process stays alive for it. `message`: the message of
   * the abort reason. `isExtendable`: whether the time restarts with each progress of an upload. Default: unless a call
   * awaits it.
   */
  constructor(leftMs: number, isAwaited: boolean, message: string, isExtendable = !isAwaited) {
    this.#isExtendable = isExtendable;
    this.#message = message;
    // Node keeps a list of timers per duration: whole milliseconds keep these lists few.
    this.#timer = setTimeout(() => this.end(new Error(this.#message)), Math.ceil(Math.max(0, leftMs)));
    if (!isAwaited) this.#timer.unref();
  }

  /** The abort reason once the deadline has passed; undefined before. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  /** A signal that is aborted when the deadline passes. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#reason !== undefined) this.#abort.abort(this.#reason);
    return this.#abort.signal;
  }

  /** Restarts the time after progress of an upload, so that a slow upload can finish. */
  extend(): void {
    // A refresh would restart a timer that has fired or was cleared.
    if (this.#isExtendable && !this.#isCleared && this.#reason === undefined) this.#timer.refresh();
  }

  /** Ends the time now, with a reason. */
  end(reason: Error): void {
    if (this.#reason !== undefined) return;
    clearTimeout(this.#timer);
    this.#reason = reason;
    this.#abort?.abort(reason);
    this.onPassed?.(reason);
  }

  /** Cancels the deadline. */
  clear(): void {
    this.#isCleared = true;
    clearTimeout(this.#timer);
  }
}
