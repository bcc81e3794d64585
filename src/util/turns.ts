/** Awaited calls that need no I/O are microtasks only; now and then the timers get a turn. */
const TURN_EVERY_MS = 5;

/** Says when a loop of such calls has to let the event loop go on. */
export class Turns {
  #takenAt = 0;

  /** Whether the timers are due a turn at this time, on the clock of `now()`. The caller then takes it. */
  isDue(time: number): boolean {
    if (time - this.#takenAt < TURN_EVERY_MS) return false;
    this.#takenAt = time;
    return true;
  }
}
