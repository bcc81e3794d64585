/** Beyond this Node takes any time for none. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The end of a call's time. It costs a fraction of an AbortSignal, and makes one where somebody needs it. */
export class Deadline {
  /** Called once, when the time is over. */
  onPassed: ((reason: Error) => void) | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #message: string;
  #abort: AbortController | undefined;
  #reason: Error | undefined;

  /** `isAwaited`: whether a process stays alive for it. `message`: what is said of what came too late. */
  constructor(leftMs: number, isAwaited: boolean, message: string) {
    this.#message = message;
    // Node keeps a list of timers for each duration: whole milliseconds keep these few.
    this.#timer = setTimeout(() => this.#pass(), Math.ceil(Math.max(0, leftMs)));
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

  /** It is not needed any more, and will not pass. */
  clear(): void {
    clearTimeout(this.#timer);
  }

  #pass(): void {
    this.#reason = new Error(this.#message);
    this.#abort?.abort(this.#reason);
    this.onPassed?.(this.#reason);
  }
}
