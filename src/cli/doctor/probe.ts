import { randomUUID } from "node:crypto";
import { ROUTES } from "../../api/routes.js";
import type { Config } from "../../config.js";
import { Deadline } from "../../http/deadline.js";
import { reasonOfThrown, rootCause } from "../../http/failure.js";
import { requestHeaders } from "../../http/headers.js";
import type { Http } from "../../http/http.js";
import { createHttp } from "../../http/pool-transport.js";
import { API_PATH, backendAt } from "../../util/api-path.js";
import { codeOf } from "../../util/thrown.js";

/** The response to a probe. */
export interface ProbeResponse {
  readonly kind: "response";
  readonly status: number;
  readonly text: string;
  readonly contentType: string;
  readonly location: string | undefined;
  /** The backend's time of the response, and our time at the middle of the request; in milliseconds since the epoch. */
  readonly date: { readonly theirs: number; readonly ours: number } | undefined;
}

/** There was no response. */
export interface ProbeFailure {
  readonly kind: "no response";
  readonly code: string;
  readonly reason: string;
}

const PATH = `${API_PATH}${ROUTES.createExperiment.path}`;
/**
 * An array can create no experiment. It has to be JSON, because some backends parse the body before they check the
 * key.
 */
const INVALID_BODY = "[]";

/** Sends requests that create nothing, because their body is invalid. */
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

  /** Sends one request with a key or without one. All requests share the time. Never throws. */
  async send(apiKey: string | undefined): Promise<ProbeResponse | ProbeFailure> {
    const leftMs = Math.max(0, this.#until - performance.now());
    const deadline = new Deadline(leftMs, true, "no response in time");
    const headers = requestHeaders(apiKey, true, randomUUID());
    const before = Date.now();
    try {
      const response = await this.#http.send({ url: this.#url, headers, body: INVALID_BODY }, deadline);
      const theirs = Date.parse(response.header("date") ?? "");
      return {
        kind: "response",
        status: response.status,
        text: response.text,
        contentType: response.header("content-type")?.split(";")[0]?.trim() ?? "",
        location: response.header("location") ?? undefined,
        date: Number.isNaN(theirs) ? undefined : { theirs, ours: (before + Date.now()) / 2 },
      };
    } catch (error) {
      return deadline.reason === undefined
        ? failureOf(error)
        : { kind: "no response", code: "", reason: "no response in time" };
    } finally {
      deadline.clear();
    }
  }

  /** The base URL that a redirect leads to; undefined if its target is not the same route. */
  addressAt(location: string): string | undefined {
    if (!URL.canParse(location, this.#url)) return undefined;
    const { origin, pathname } = new URL(location, this.#url);
    return pathname.endsWith(PATH) ? `${origin}${pathname.slice(0, -PATH.length)}` : undefined;
  }

  /** Closes the connections. */
  close(): Promise<void> {
    return this.#http.close();
  }
}

function failureOf(error: unknown): ProbeFailure {
  return { kind: "no response", code: codeOf(rootCause(error)) ?? "", reason: reasonOfThrown(error) };
}
