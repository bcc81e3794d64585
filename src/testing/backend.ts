import type { IncomingMessage } from "node:http";
import { idempotencyKeyValidator } from "../../generated/validators.js";
import { type Answer, refusal } from "./answer.js";
import type { ReceivedBody } from "./body.js";
import { describeProblems } from "./problems.js";
import type { OpenRecord } from "./requests.js";
import { type FoundRoute, findRoute } from "./routes.js";
import type { MockState } from "./state.js";

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

/** What a {@link Backend} needs to know. */
export interface BackendOptions {
  readonly apiKey: string | undefined;
  readonly honourIdempotencyKeys: boolean;
  readonly maxBodyBytes: number;
}

/** The backend behind the HTTP: from a request to its answer in one go, without waiting for anything. */
export class Backend {
  readonly #state: MockState;
  readonly #options: BackendOptions;

  constructor(state: MockState, options: BackendOptions) {
    this.#state = state;
    this.#options = options;
  }

  /** Answers a request, and says in its record whether it wrote, or repeats what did. */
  answer({ url = "", headers }: IncomingMessage, record: OpenRecord, body: ReceivedBody): Answer {
    if (!this.#accepts(headers.authorization)) {
      return refusal(401, "Invalid API key.", { "www-authenticate": "Bearer" });
    }
    const pathname = url.split("?", 1)[0] ?? "";
    const route = findRoute(pathname);
    if (route === undefined) return refusal(404, `No route ${pathname}. Every path ends in a slash.`);
    if (record.method !== "POST") {
      return refusal(405, `${record.method} is not allowed: every route is a POST.`, { allow: "POST" });
    }
    if (body.kind === "too-large") {
      return refusal(413, `The body is larger than ${this.#options.maxBodyBytes} bytes.`);
    }
    const contentType = headers["content-type"] ?? "";
    if (!JSON_TYPE.test(contentType)) {
      return refusal(415, `Content-Type must be application/json, not ${contentType || "absent"}.`);
    }
    if (body.kind === "text") return refusal(400, `body: is not JSON: ${body.problem}`);
    return this.#once(record, pathname, body.text, () => this.#write(record, route, body.value));
  }

  #accepts(authorization: string | undefined): boolean {
    const given = /^bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
    return given !== undefined && (this.#options.apiKey === undefined || given === this.#options.apiKey);
  }

  /** Answers a repeat of a key from its first answer. Only what wrote is worth remembering. */
  #once(record: OpenRecord, pathname: string, text: string, write: () => Answer): Answer {
    const key = record.idempotencyKey;
    if (key === undefined || !this.#options.honourIdempotencyKeys) return write();
    if (!idempotencyKeyValidator(key)) {
      return refusal(400, describeProblems(idempotencyKeyValidator.errors, "Idempotency-Key"));
    }
    const earlier = this.#state.keys.recall(key, pathname, text);
    if (earlier !== undefined) {
      // What is kept is a 2xx; any other answer says that the key was taken for something else.
      record.repeated = earlier.status < 300;
      return earlier;
    }
    const answer = write();
    if (record.committed) this.#state.keys.remember(key, pathname, text, answer);
    return answer;
  }

  #write(record: OpenRecord, route: FoundRoute, body: unknown): Answer {
    const answer = route(this.#state, body);
    record.committed = answer.status < 300;
    return answer;
  }
}
