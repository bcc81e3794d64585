import { EvsysValidationError } from "../errors.js";
import { issueAt } from "../util/validation.js";

/** Counts the steps of a run for calls that name none. Each split has its own count, from 0. */
export class StepCounter {
  readonly #next = new Map<string, number>();
  readonly #unknown: string | undefined;

  /** `unknown`: why the steps of earlier jobs are not known, if they are not; the first step of each split has to be named then. */
  constructor(unknown?: string) {
    this.#unknown = unknown;
  }

  /**
   * The step of the next call that names none: one more than the highest logged step of the split.
   * @throws EvsysValidationError if that is not known.
   */
  next(split: string): number {
    const next = this.#next.get(split);
    if (next !== undefined || this.#unknown === undefined) return next ?? 0;
    throw new EvsysValidationError("run.logStep", [issueAt(["step"], this.#unknown)]);
  }

  /** Notes a step that was accepted. */
  note(split: string, step: number): void {
    if (step >= (this.#next.get(split) ?? 0)) this.#next.set(split, step + 1);
  }
}
