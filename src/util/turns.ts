const TURN_EVERY_MS = 5;

/** Decides when a loop of awaited calls without I/O, which are only microtasks, must yield to the event loop. */
export class Turns {
  #takenAt = 0;

  /** The event loop has turned at a time of `now()`. */
  note(time: number): void {
    this.#takenAt = time;
  }

  /** Whether to yield at a time of `now()`. Returns true at most once per interval. */
  takeTurn(time: number): boolean {
    if (time - this.#takenAt < TURN_EVERY_MS) return false;
    this.#takenAt = time;
    return true;
  }
}
