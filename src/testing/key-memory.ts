import { createHash } from "node:crypto";
import { errorResponse, type MockResponse } from "./response.js";

interface RememberedResponse {
  readonly request: string;
  readonly response: MockResponse;
}

/** The idempotency keys of committed writes, each with a digest of its request and the response. */
export class KeyMemory {
  #latest = new Map<string, RememberedResponse>();
  // Two maps, of which the older is dropped as a whole: deleting the oldest keys one by one makes a map slow.
  #older = new Map<string, RememberedResponse>();
  readonly #minKeys: number;

  /** `minKeys`: how many of the latest keys are kept at least; at most twice as many are kept. Default all. */
  constructor(minKeys = Number.POSITIVE_INFINITY) {
    this.#minKeys = minKeys;
  }

  /**
   * The first response to a key; a 422 if the key was used with another path or body (compared byte for byte, as strict
   * backends do); undefined if the key is new.
   */
  recall(key: string, path: string, text: string): MockResponse | undefined {
    const known = this.#latest.get(key) ?? this.#older.get(key);
    if (known === undefined) return undefined;
    if (known.request === digest(path, text)) return known.response;
    return errorResponse(422, `Idempotency-Key: ${key} was used before, with another path or body.`);
  }

  /** Stores the response to a key. */
  remember(key: string, path: string, text: string, response: MockResponse): void {
    if (this.#latest.size >= this.#minKeys) {
      this.#older = this.#latest;
      this.#latest = new Map();
    }
    this.#latest.set(key, { request: digest(path, text), response: response });
  }

  /** Removes all keys. */
  clear(): void {
    this.#latest.clear();
    this.#older.clear();
  }
}

function digest(path: string, text: string): string {
  return createHash("sha1").update(`${path}\n${text}`).digest("base64");
}
