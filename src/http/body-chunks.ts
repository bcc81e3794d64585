import { setImmediate as nextTurn } from "node:timers/promises";
import type { Deadline } from "./deadline.js";

/** A larger body is written in pieces of this size, so that its progress is seen. */
export const CHUNK_BYTES = 64 * 1024;

/** A large body on its way. */
export class BodyChunks implements AsyncIterable<Uint8Array> {
  /** Whether all of it was handed to the connection. Until then no server can have taken it for whole. */
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
      // A response that comes early, or a reset, is seen before the next piece is written.
      await nextTurn();
    }
  }
}
