import { createHash } from "node:crypto";
import { type Answer, refusal } from "./answer.js";

interface Answered {
  readonly request: string;
  readonly answer: Answer;
}

/** The idempotency keys a backend has answered with a 2xx, each with a digest of its request and the answer. */
export class KeyMemory {
  #latest = new Map<string, Answered>();
  // Whole maps are let go of: one whose first keys are deleted one by one gets slow.
  #older = new Map<string, Answered>();
  readonly #least: number;

  /** `least`: how many of the latest keys are remembered at least; it never holds more than twice as many. Default all. */
  constructor(least = Number.POSITIVE_INFINITY) {
    this.#least = least;
  }

  /**
   * The first answer to this key; a 422 where the key came with another path or body (compared byte for byte, as strict
   * backends do); undefined where the key is new.
   */
  recall(key: string, path: string, text: string): Answer | undefined {
    const known = this.#latest.get(key) ?? this.#older.get(key);
    if (known === undefined) return undefined;
    if (known.request === digest(path, text)) return known.answer;
    return refusal(422, `Idempotency-Key: ${key} was used before, with another path or body.`);
  }

  /** Keeps the answer to a key. */
  remember(key: string, path: string, text: string, answer: Answer): void {
    if (this.#latest.size >= this.#least) {
      this.#older = this.#latest;
      this.#latest = new Map();
    }
    this.#latest.set(key, { request: digest(path, text), answer });
  }

  /** Forgets all answers. */
  clear(): void {
    this.#latest.clear();
    this.#older.clear();
  }
}

function digest(path: string, text: string): string {
  return createHash("sha1").update(`${path}\n${text}`).digest("base64");
}
