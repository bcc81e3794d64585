import { type Answer, jsonAnswer } from "./answer.js";
import { checkFailure } from "./option-checks.js";
import type { RecordedRequest } from "./requests.js";

/** What to do to the next requests instead of answering them. One of `status`, `body`, `hang` and `reset` is needed. */
export interface Failure {
  /** Answer with this status, 200 to 599. Default 200 where there is a `body`. */
  readonly status?: number;
  /** The body of that answer: an object is sent as JSON, a string as it is. Default a JSON `detail`. */
  readonly body?: string | object;
  /** Headers of that answer, such as `retry-after`. They go before the server's own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Never answer: the connection stays open until the caller or `stop()` closes it. */
  readonly hang?: boolean;
  /** Reset the connection (RST) instead of answering. */
  readonly reset?: boolean;
  /** How many requests to fail; Infinity for all. Default 1. */
  readonly times?: number;
  /** Only requests whose path contains the text or fits the pattern, or for which the function says true. Default all. */
  readonly match?: string | RegExp | ((request: RecordedRequest) => boolean);
  /** Do the write first, as a backend does whose answer is lost. Default false: nothing is written. */
  readonly afterCommit?: boolean;
}

interface Pending {
  readonly failure: Failure;
  left: number;
}

/** The failures that are still to come. The oldest one that matches a request is used. */
export class FailureQueue {
  readonly #pending: Pending[] = [];

  /** Queues a failure. Call what it returns to take back what is left of it. */
  add(failure: Failure): () => void {
    checkFailure(failure);
    const pending: Pending = { failure, left: failure.times ?? 1 };
    this.#pending.push(pending);
    return () => this.#remove(pending);
  }

  /** The failure of this request, if one is due. It counts as used. */
  take(request: RecordedRequest): Failure | undefined {
    const due = this.#pending.find(({ failure }) => matches(failure.match, request));
    if (due === undefined) return undefined;
    due.left -= 1;
    if (due.left <= 0) this.#remove(due);
    return due.failure;
  }

  /** Forgets all failures. */
  clear(): void {
    this.#pending.length = 0;
  }

  #remove(pending: Pending): void {
    const at = this.#pending.indexOf(pending);
    if (at !== -1) this.#pending.splice(at, 1);
  }
}

/** The answer a failure consists of, where it is neither a hang nor a reset. */
export function answerOf({ status = 200, body, headers = {} }: Failure): Answer {
  if (typeof body === "string") return { status, text: body, headers };
  return jsonAnswer(status, body ?? { detail: "The mock server was told to fail." }, headers);
}

function matches(match: Failure["match"], request: RecordedRequest): boolean {
  if (match === undefined) return true;
  if (typeof match === "string") return request.path.includes(match);
  if (typeof match === "function") return match(request);
  // Unlike test(), search() does not go on from where a pattern with the flag g stopped.
  return request.path.search(match) !== -1;
}
