import { setImmediate as nextTurn } from "node:timers/promises";
import { EvsysError } from "../errors.js";
import { InFlight } from "../util/in-flight.js";

/** How a run ended, for calls that come too late. */
export interface RunEnd {
  /** In words, such as `completed` or `cancelled (AbortError: …)`. */
  readonly how: string;
  /** Whether the process is being ended by a signal: late calls are ignored, because the program cannot know. */
  readonly isStopping: boolean;
  readonly cause?: unknown;
}

/** The calls of a run: those under way, and whether it accepts more. */
export class RunCalls {
  readonly #underWay = new InFlight();
  #end: RunEnd | undefined;

  /** Makes a call if the run has not ended. `ignored` makes the result of a call that a signal came before. */
  make<Result>(method: string, call: () => Promise<Result>, ignored: () => Result): Promise<Result> {
    if (this.#end === undefined) return this.#underWay.track(call());
    // A loop of ignored calls must let the event loop send what is pending.
    if (this.#end.isStopping) return nextTurn().then(ignored);
    return Promise.reject(this.#lateError(method, this.#end));
  }

  /**
   * Whether the run accepts a call; false if a signal has ended it.
   * @throws EvsysError if the run has ended otherwise.
   */
  accepts(method: string): boolean {
    if (this.#end !== undefined && !this.#end.isStopping) throw this.#lateError(method, this.#end);
    return this.#end === undefined;
  }

  /** Accepts no more calls. */
  end(end: RunEnd): void {
    this.#end = end;
  }

  get areUnderWay(): boolean {
    return !this.#underWay.isIdle;
  }

  /** Resolves when the calls under way are settled. */
  settled(): Promise<void> {
    return this.#underWay.whenIdle();
  }

  #lateError(method: string, { how, cause }: RunEnd): EvsysError {
    const message = `run.${method}: the run has ended: ${how}. It accepts no more calls.`;
    return cause === undefined ? new EvsysError(message) : new EvsysError(message, { cause });
  }
}
