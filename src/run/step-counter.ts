/** Counts the steps of a run for calls that name none. Each split has its own count, from 0. */
export class StepCounter {
  readonly #next = new Map<string, number>();

  /** The step of the next call that names none: one more than the highest logged step of the split. */
  next(split: string): number {
    return this.#next.get(split) ?? 0;
  }

  /** Notes a step that was accepted. */
  note(split: string, step: number): void {
    if (step >= this.next(split)) this.#next.set(split, step + 1);
  }
}
