/** Counts the steps of a run for calls that name none: each split has its own count, from 0. */
export class StepCounter {
  readonly #next = new Map<string, number>();

  /** The step that was named, else one more than the highest of the split so far. */
  take(split: string, named: number | undefined): number {
    const next = this.#next.get(split) ?? 0;
    const step = named ?? next;
    if (Number.isSafeInteger(step) && step >= next) this.#next.set(split, step + 1);
    return step;
  }
}
