/** The end of a call's time. It costs a fraction of an AbortSignal, and creates one only when asked for it. */
export class Deadline {
  /** Called once, when the time is over. */
  onPassed: ((reason: Error) => void) | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #message: string;
  readonly #isExtendable: boolean;
  #abort: AbortController | undefined;
  #reason: Error | undefined;
  #isCleared = false;

  /**
   * `leftMs`: the time left, in milliseconds. `isAwaited`: whether the process stays alive for it. `message`: the reason
   * given for what is unfinished then. `isExtendable`: whether the time counts from the last progress of an upload, as it
   * should unless a call waits for it.
   */
  constructor(leftMs: number, isAwaited: boolean, message: string, isExtendable = !isAwaited) {
    this.#isExtendable = isExtendable;
    this.#message = message;
    // Node keeps a list of timers for each duration: whole milliseconds keep these few.
    this.#timer = setTimeout(() => this.end(new Error(this.#message)), Math.ceil(Math.max(0, leftMs)));
    if (!isAwaited) this.#timer.unref();
  }

  /** Why there is no more time; undefined while there is. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  /** Aborted when the time is over. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#reason !== undefined) this.#abort.abort(this.#reason);
    return this.#abort.signal;
  }

  /** Starts the time anew, after progress of an upload: a slow one would never end otherwise. */
  extend(): void {
    // A refresh would start a timer that has fired or was cleared.
    if (this.#isExtendable && !this.#isCleared && this.#reason === undefined) this.#timer.refresh();
  }

  /** Ends the time now. */
  end(reason: Error): void {
    if (this.#reason !== undefined) return;
    clearTimeout(this.#timer);
    this.#reason = reason;
    this.#abort?.abort(reason);
    this.onPassed?.(reason);
  }

  /** Stops the clock: the time never ends. */
  clear(): void {
    this.#isCleared = true;
    clearTimeout(this.#timer);
  }
}
