import { randomUUID } from "node:crypto";
import { ROUTES } from "../../api/routes.js";
import type { Config } from "../../config.js";
import { Deadline } from "../../http/deadline.js";
import { reasonOfThrown, rootCause } from "../../http/failure.js";
import { requestHeaders } from "../../http/headers.js";
import { createHttp, type Http } from "../../http/http.js";
import { API_PATH, backendAt } from "../../util/api-path.js";
import { codeOf } from "../../util/thrown.js";

/** An answer as far as the doctor looks at it. */
export interface Answered {
  readonly kind: "answer";
  readonly status: number;
  readonly text: string;
  readonly contentType: string;
  readonly location: string | undefined;
  /** When the backend answered by its own clock, and the middle of the request by ours; in milliseconds. */
  readonly date: { readonly theirs: number; readonly ours: number } | undefined;
}

/** No answer came. */
export interface Silence {
  readonly kind: "silence";
  readonly code: string;
  readonly reason: string;
}

const PATH = `${API_PATH}${ROUTES.createExperiment.path}`;
/**
 * A list is no experiment, so whoever takes it apart can create none. It is JSON all the same: some backends look at
 * JSON before they look at the key.
 */
const NO_EXPERIMENT = "[]";

/** Asks the backend for nothing: it sends what can only be refused. */
export class Probe {
  readonly #http: Http;
  readonly #url: string;
  readonly #until: number;

  constructor(config: Config, leftMs: number) {
    const { origin, routes } = backendAt(config.baseUrl);
    this.#http = createHttp(origin, config);
    this.#url = `${routes}${ROUTES.createExperiment.path}`;
    this.#until = performance.now() + leftMs;
  }

  /** One request with a key, or with none. All requests share the time. It never throws. */
  async ask(apiKey: string | undefined): Promise<Answered | Silence> {
    const leftMs = Math.max(0, this.#until - performance.now());
    const deadline = new Deadline(leftMs, true, "no answer in time");
    const headers = requestHeaders(apiKey, true, randomUUID());
    const before = Date.now();
    try {
      const response = await this.#http.send({ url: this.#url, headers, body: NO_EXPERIMENT }, deadline);
      const theirs = Date.parse(response.header("date") ?? "");
      return {
        kind: "answer",
        status: response.status,
        text: response.text,
        contentType: response.header("content-type")?.split(";")[0]?.trim() ?? "",
        location: response.header("location") ?? undefined,
        date: Number.isNaN(theirs) ? undefined : { theirs, ours: (before + Date.now()) / 2 },
      };
    } catch (error) {
      return deadline.reason === undefined
        ? silenceOf(error)
        : { kind: "silence", code: "", reason: "no answer in time" };
    } finally {
      deadline.clear();
    }
  }

  /** The address that a redirect means, without what a client adds to it; undefined where it leads elsewhere. */
  addressAt(location: string): string | undefined {
    if (!URL.canParse(location, this.#url)) return undefined;
    const { origin, pathname } = new URL(location, this.#url);
    return pathname.endsWith(PATH) ? `${origin}${pathname.slice(0, -PATH.length)}` : undefined;
  }

  /** Ends the connections. */
  close(): Promise<void> {
    return this.#http.close();
  }
}

function silenceOf(error: unknown): Silence {
  return { kind: "silence", code: codeOf(rootCause(error)) ?? "", reason: reasonOfThrown(error) };
}
