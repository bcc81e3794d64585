import type { IncomingMessage } from "node:http";
import { idempotencyKeyValidator } from "../../generated/validators.js";
import type { ReceivedBody } from "./body.js";
import { describeProblems } from "./problems.js";
import type { OpenRecord } from "./requests.js";
import { errorResponse, type MockResponse } from "./response.js";
import { type FoundRoute, findRoute } from "./routes.js";
import type { MockState } from "./state.js";

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

/** The options of a {@link MockBackend}. */
export interface BackendOptions {
  readonly apiKey: string | undefined;
  readonly honourIdempotencyKeys: boolean;
  readonly maxBodyBytes: number;
}

/** The mock backend without HTTP: turns a request into a response synchronously. */
export class MockBackend {
  readonly #state: MockState;
  readonly #options: BackendOptions;

  constructor(state: MockState, options: BackendOptions) {
    this.#state = state;
    this.#options = options;
  }

  /** Processes a request. Its record says whether it wrote something or repeated an earlier write. */
  respond({ url = "", headers }: IncomingMessage, record: OpenRecord, body: ReceivedBody): MockResponse {
    if (!this.#accepts(headers.authorization)) {
      return errorResponse(401, "Invalid API key.", { "www-authenticate": "Bearer" });
    }
    const pathname = url.split("?", 1)[0] ?? "";
    const route = findRoute(pathname);
    if (route === undefined) return errorResponse(404, `No route ${pathname}. Every path ends in a slash.`);
    if (record.method !== "POST") {
      return errorResponse(405, `${record.method} is not allowed: every route is a POST.`, { allow: "POST" });
    }
    if (body.kind === "too-large") {
      return errorResponse(413, `The body is larger than ${this.#options.maxBodyBytes} bytes.`);
    }
    const contentType = headers["content-type"] ?? "";
    if (!JSON_TYPE.test(contentType)) {
      return errorResponse(415, `Content-Type must be application/json, not ${contentType || "absent"}.`);
    }
    if (body.kind === "text") return errorResponse(400, `body: not JSON: ${body.problem}`);
    return this.#once(record, pathname, body.text, () => this.#write(record, route, body.value));
  }

  #accepts(authorization: string | undefined): boolean {
    const given = /^bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
    return given !== undefined && (this.#options.apiKey === undefined || given === this.#options.apiKey);
  }

  /** Answers a repeated key with the first response. Only responses to committed writes are stored. */
  #once(record: OpenRecord, pathname: string, text: string, write: () => MockResponse): MockResponse {
    const key = record.idempotencyKey;
    if (key === undefined || !this.#options.honourIdempotencyKeys) return write();
    if (!idempotencyKeyValidator(key)) {
      return errorResponse(400, describeProblems(idempotencyKeyValidator.errors, "Idempotency-Key"));
    }
    const earlier = this.#state.keys.recall(key, pathname, text);
    if (earlier !== undefined) {
      // Stored responses are 2xx; any other means that the key was used for another request.
      record.repeated = earlier.status < 300;
      return earlier;
    }
    const response = write();
    if (record.committed) this.#state.keys.remember(key, pathname, text, response);
    return response;
  }

  #write(record: OpenRecord, route: FoundRoute, body: unknown): MockResponse {
    const response = route(this.#state, body);
    record.committed = response.status < 300;
    return response;
  }
}
