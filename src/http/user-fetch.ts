import { randomUUID } from "node:crypto";
import type { Config } from "../config.js";
import { EvsysError } from "../errors.js";
import { Deadline } from "./deadline.js";
import { reasonOfThrown } from "./failure.js";
import { requestHeaders } from "./headers.js";
import type { Http } from "./http.js";
import { type Redact, redactedJson } from "./redaction.js";
import type { RawResponse } from "./response.js";
import { contentOf, oneLine, parsedJson } from "./response-text.js";

/** Statuses whose responses have no body. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);
/** Headers that describe the body on the wire, not the decoded body. */
const WIRE_HEADERS: ReadonlySet<string> = new Set(["content-encoding", "transfer-encoding", "content-length"]);

/** The fetch of `client.api`. It adds the key here, where no middleware sees it. */
export function userFetch(config: Config, routes: string, http: Http, redact: Redact) {
  return async (request: Request): Promise<Response> => {
    const { method, url, signal } = request;
    if (!url.startsWith(`${routes}/`)) {
      throw new EvsysError(
        `client.api sends only to ${routes}, because its requests carry the API key; got ${redact(url)}.`,
      );
    }
    const call = `[${method}] ${url.slice(routes.length)}`;
    const deadline = new Deadline(config.timeoutMs, true, `no response within ${config.timeoutMs} ms`);
    const abort = (): void => deadline.end(new Error("aborted"));
    signal.addEventListener("abort", abort);
    try {
      signal.throwIfAborted();
      const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer());
      const own = requestHeaders(config.apiKey, body !== undefined, randomUUID());
      const headers = { ...own, ...Object.fromEntries(request.headers) };
      return standardResponse(await http.send({ method, url, headers, body }, deadline), call, redact);
    } catch (error) {
      // Every fetch throws the signal's reason.
      signal.throwIfAborted();
      if (error instanceof EvsysError) throw error;
      throw new EvsysError(oneLine(redact(`${call}: ${reasonOfThrown(error)}`)), { cause: error });
    } finally {
      signal.removeEventListener("abort", abort);
      deadline.clear();
    }
  };
}

function standardResponse(raw: RawResponse, call: string, redact: Redact): Response {
  const { status } = raw;
  const unusable = `${call}: HTTP ${status} with ${contentOf(raw)} instead of JSON`;
  if (raw.unreadable !== undefined || status < 200 || status > 599) throw new EvsysError(unusable);
  const isSuccess = status < 300;
  const text = isSuccess ? raw.text : redactedText(raw.text, redact);
  const headers = new Headers();
  for (const [name, value] of raw.headers()) {
    if (!WIRE_HEADERS.has(name)) headers.append(name, redact(value));
  }
  headers.set("content-length", String(Buffer.byteLength(text)));
  const response = new Response(WITHOUT_BODY.has(status) ? null : text, { status, headers });
  // openapi-fetch calls it, and a SyntaxError would not mention the backend.
  const json = async (): Promise<unknown> => {
    const body = parsedJson(await response.text());
    if (body === undefined) throw new EvsysError(unusable);
    return body;
  };
  return Object.defineProperty(response, "json", { value: json });
}

function redactedText(text: string, redact: Redact): string {
  if (redact(text) === text) return text;
  const body = parsedJson(text);
  return body === undefined ? redact(text) : JSON.stringify(redactedJson(body, redact));
}
