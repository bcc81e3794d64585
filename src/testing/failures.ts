import { checkFailure } from "./option-checks.js";
import type { RecordedRequest } from "./requests.js";
import { jsonResponse, type MockResponse } from "./response.js";

/** A simulated failure of the next requests. One of `status`, `body`, `hang` and `reset` is required. */
export interface Failure {
  /** Respond with this status, 200 to 599. Default 200 if there is a `body`. */
  readonly status?: number;
  /** The body of that response: an object is sent as JSON, a string as it is. Default: a JSON `detail`. */
  readonly body?: string | object;
  /** Headers of that response, such as `retry-after`. They take precedence over the server's own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Never respond: the connection stays open until the caller or `stop()` closes it. */
  readonly hang?: boolean;
  /** Reset the connection (RST) instead of responding. */
  readonly reset?: boolean;
  /** How many requests to fail; Infinity for all. Default 1. */
  readonly times?: number;
  /** Only requests whose path contains the string or matches the pattern, or for which the function returns true. Default all. */
  readonly match?: string | RegExp | ((request: RecordedRequest) => boolean);
  /** Commit the write first, like a backend whose response is lost. Default false: nothing is written. */
  readonly afterCommit?: boolean;
}

interface Pending {
  readonly failure: Failure;
  left: number;
}

/** The queued failures. The oldest one that matches a request is used. */
export class FailureQueue {
  readonly #pending: Pending[] = [];

  /** Queues a failure. The returned function removes what is left of it. */
  add(failure: Failure): () => void {
    checkFailure(failure);
    const pending: Pending = { failure, left: failure.times ?? 1 };
    this.#pending.push(pending);
    return () => this.#remove(pending);
  }

  /** Returns the failure for a request, if there is one, and counts it as used. */
  take(request: RecordedRequest): Failure | undefined {
    const due = this.#pending.find(({ failure }) => matches(failure.match, request));
    if (due === undefined) return undefined;
    due.left -= 1;
    if (due.left <= 0) this.#remove(due);
    return due.failure;
  }

  /** Removes all failures. */
  clear(): void {
    this.#pending.length = 0;
  }

  #remove(pending: Pending): void {
    const at = this.#pending.indexOf(pending);
    if (at !== -1) this.#pending.splice(at, 1);
  }
}

/** The response of a failure that is neither a hang nor a reset. */
export function failureResponse({ status = 200, body, headers = {} }: Failure): MockResponse {
  if (typeof body === "string") return { status, text: body, headers };
  return jsonResponse(status, body ?? { detail: "Simulated failure of the mock server." }, headers);
}

function matches(match: Failure["match"], request: RecordedRequest): boolean {
  if (match === undefined) return true;
  if (typeof match === "string") return request.path.includes(match);
  if (typeof match === "function") return match(request);
  // Unlike test(), search() ignores the lastIndex of a pattern with the flag g.
  return request.path.search(match) !== -1;
}
