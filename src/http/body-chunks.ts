import { setImmediate as nextTurn } from "node:timers/promises";
import type { Deadline } from "./deadline.js";

/** Larger bodies are written in chunks of this size, so that their progress can be observed. */
export const CHUNK_BYTES = 64 * 1024;

/** A large request body, written chunk by chunk. */
export class BodyChunks implements AsyncIterable<Uint8Array> {
  /** Whether the whole body was passed to the connection. Until then, no server can have received a complete request. */
  isWritten = false;
  readonly #bytes: Uint8Array;
  readonly #deadline: Deadline;

  constructor(bytes: Uint8Array, deadline: Deadline) {
    this.#bytes = bytes;
    this.#deadline = deadline;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (let start = 0; start < this.#bytes.length; start += CHUNK_BYTES) {
      const end = start + CHUNK_BYTES;
      this.isWritten = end >= this.#bytes.length;
      yield this.#bytes.subarray(start, end);
      this.#deadline.extend();
      // An early response or a reset is noticed before the next chunk is written.
      await nextTurn();
    }
  }
}
