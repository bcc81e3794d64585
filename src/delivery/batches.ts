/** The largest request body that proxies commonly accept. */
const MAX_BYTES = 1024 * 1024;
const MAX_ROWS = 1_000;
/** Room for what surrounds the rows in a request. */
const ENVELOPE_BYTES = 1024;

/** Rows of one call that go out in one request. */
export interface RowBatch {
  /** The lines of the rows, without the last newline. */
  readonly text: string;
  readonly rows: number;
}

/** Splits the rows of one call into requests of at most 1 MiB and 1,000 rows; a larger row is alone in its request. */
export class BatchBuilder {
  readonly #batches: RowBatch[] = [];
  #lines: string[] = [];
  #bytes = ENVELOPE_BYTES;

  add(line: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#lines.length === MAX_ROWS || this.#bytes + bytes > MAX_BYTES) this.#endBatch();
    this.#lines.push(line);
    this.#bytes += bytes;
  }

  /** The batches of all rows. */
  finish(): RowBatch[] {
    this.#endBatch();
    return this.#batches;
  }

  #endBatch(): void {
    if (this.#lines.length === 0) return;
    this.#batches.push({ text: this.#lines.join("\n"), rows: this.#lines.length });
    this.#lines = [];
    this.#bytes = ENVELOPE_BYTES;
  }
}
