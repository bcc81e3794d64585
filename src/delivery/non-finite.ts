import type { Logger } from "../logger.js";
import { preview } from "../util/preview.js";
import type { NonFinite } from "./wire-form.js";

const MAX_FIELDS = 10;

/** Counts the non-finite numbers that are not sent. It warns once for each of the first fields, then once for all others. */
export class NonFiniteCounts {
  readonly #logger: Logger;
  /** By the name of the series or field. */
  readonly #counts = new Map<string, number>();
  #furtherValues = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Counts what one accepted call holds. `method` is named in the warning. */
  add(method: string, found: readonly NonFinite[]): void {
    for (const { field, value, count = 1 } of found) {
      const before = this.#counts.get(field);
      if (before === undefined && this.#counts.size === MAX_FIELDS) {
        this.#addFurther(count);
        continue;
      }
      this.#counts.set(field, (before ?? 0) + count);
      if (before === undefined) this.#warn(method, field, value);
    }
  }

  /** How often each field was not finite, for the fields with more than the one value in the warning; undefined if none. */
  summary(): string | undefined {
    const parts = [...this.#counts]
      .filter(([, count]) => count > 1)
      .map(([field, count]) => `${preview(field)} (${count})`);
    if (this.#furtherValues > 0) parts.push(`further fields (${this.#furtherValues})`);
    return parts.length === 0 ? undefined : `Non-finite values stored in the mirror but not sent: ${parts.join(", ")}.`;
  }

  #warn(method: string, field: string, value: number): void {
    this.#logger.warn(
      `${method}: ${preview(field)} is ${value}; it is stored in the mirror but not sent. Further values of this field are counted without a warning.`,
    );
  }

  #addFurther(count: number): void {
    if (this.#furtherValues === 0) {
      this.#logger.warn(`More than ${MAX_FIELDS} fields are not finite; further fields are counted without a warning.`);
    }
    this.#furtherValues += count;
  }
}
