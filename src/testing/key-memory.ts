import { createHash } from "node:crypto";
import { type Answer, refusal } from "./answer.js";

interface Answered {
  readonly request: string;
  readonly answer: Answer;
}

/** The idempotency keys a backend has answered with a 2xx, each with a digest of its request and the answer. */
export class KeyMemory {
  readonly #answered = new Map<string, Answered>();

  /**
   * The first answer to this key; a 422 where the key came with another path or body (compared byte for byte, as strict
   * backends do); undefined where the key is new.
   */
  recall(key: string, path: string, text: string): Answer | undefined {
    const known = this.#answered.get(key);
    if (known === undefined) return undefined;
    if (known.request === digest(path, text)) return known.answer;
    return refusal(422, `Idempotency-Key: ${key} was used before, with another path or body.`);
  }

  /** Keeps the answer to a key. */
  remember(key: string, path: string, text: string, answer: Answer): void {
    this.#answered.set(key, { request: digest(path, text), answer });
  }

  /** Forgets all answers. */
  clear(): void {
    this.#answered.clear();
  }
}

function digest(path: string, text: string): string {
  return createHash("sha1").update(`${path}\n${text}`).digest("base64");
}
