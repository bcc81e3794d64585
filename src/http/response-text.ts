// One-line texts for messages from the bodies of responses.
import type { RawResponse } from "./response.js";

const MAX_REASON_CHARACTERS = 200;
const MAX_BODY_BYTES = 2048;

/** The JSON of a text; undefined if it is not JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The backend's message in the body of an error, on one line of at most 200 characters. */
export function reasonOf(body: unknown): string {
  const text = typeof body === "object" && body !== null ? messageField(body) : body;
  return oneLine(typeof text === "string" ? text : text === undefined ? "" : JSON.stringify(text));
}

/** A text on one line, cut at 200 characters. */
export function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, " ").trim();
  return line.length > MAX_REASON_CHARACTERS ? `${cut(line, MAX_REASON_CHARACTERS - 1)}…` : line;
}

/** What an unusable response contains instead of JSON, such as `text/html`. */
export function contentOf(response: RawResponse): string {
  if (response.unreadable !== undefined) return response.unreadable;
  if (response.text.trim() === "") return "an empty body";
  const type = response.header("content-type")?.split(";")[0]?.trim();
  return type === undefined || type === "" || /json/i.test(type) ? "text" : oneLine(type);
}

/** A response body as stored on disk, at most 2 KiB: the body itself if it is short, else the beginning of its text. */
export function shortBody(body: unknown): unknown {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  if (text === undefined || Buffer.byteLength(text) <= MAX_BODY_BYTES) return body;
  const bytes = Buffer.from(text.slice(0, MAX_BODY_BYTES));
  let end = MAX_BODY_BYTES - Buffer.byteLength("…");
  // The second and later bytes of a character are 10xxxxxx.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString("utf8", 0, end)}…`;
}

function messageField(body: object): unknown {
  for (const name of ["detail", "error", "message"]) {
    const value: unknown = Reflect.get(body, name);
    if (value !== undefined && value !== null) return value;
  }
  return body;
}

/** Cuts a text without splitting a character. */
function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, "");
}
