import { STATUS_CODES } from "node:http";
import { constants, gunzipSync } from "node:zlib";
import type { OperationName } from "../../../src/index.js";
import { validatorOf } from "../../support/document.js";
import { bodyOf, hasValidHead, isCut, type ResponseRecipe, responseSchema } from "./response-recipes.js";

/** The specified outcome of a write. `kept`: whether it is delivered later. */
export type ExpectedOutcome =
  | { readonly kind: "delivered"; readonly body: unknown }
  | { readonly kind: "throws"; readonly status: number; readonly kept: boolean }
  | { readonly kind: "unavailable"; readonly remote: "up" | "down" };

/** A rejected key, and statuses that come from an intermediary. */
const BLOCKING: ReadonlySet<number> = new Set([401, 403, 407, 421]);
const UNAVAILABLE: ExpectedOutcome = { kind: "unavailable", remote: "down" };

const EMPTY = Buffer.alloc(0);

/** The outcome of a response to one of the eight methods, or to post(), which accepts any response. */
export function expectedOutcome(recipe: ResponseRecipe, name: OperationName | "post"): ExpectedOutcome {
  const { status } = recipe;
  const body = arrived(recipe);
  if (body === undefined || status < 200 || status === 304) return UNAVAILABLE;
  if (status < 300) return ofSuccess(body, name);
  if (status < 400 || BLOCKING.has(status)) return { kind: "throws", status, kept: isKept(name) };
  if (status >= 500 || [408, 425, 429].includes(status)) return UNAVAILABLE;
  return { kind: "throws", status, kept: status === 404 && isKept(name) };
}

/** A create that throws is not kept, and neither is a post(). */
function isKept(name: OperationName | "post"): boolean {
  return !/^(create(Experiment|Run)|post)$/.test(name);
}

/** The body as HTTP defines it; undefined if the response is incomplete. */
function arrived(recipe: ResponseRecipe): Buffer | undefined {
  const { status, framing } = recipe;
  if (isCut(recipe) || !hasValidHead(recipe)) return undefined;
  const body = bodyOf(recipe);
  const half = body.subarray(0, Math.floor(body.length / 2));
  if (status === 204 || status === 304) {
    // These have no body; a Content-Length that announces one is an error.
    const announced = { length: body.length, "too short": half.length, "too long": body.length + 10 };
    return Object.entries(announced).some(([way, length]) => way === framing && length > 0) ? undefined : EMPTY;
  }
  if (framing === "too long" || framing === "bad piece") return undefined;
  return decoded(recipe, framing === "too short" ? half : body);
}

/** The content of a body, decompressed if it is compressed as its header says. */
function decoded({ headers }: ResponseRecipe, body: Buffer): Buffer {
  const isCompressed = headers.some(([name]) => name === "Content-Encoding") && body[0] === 0x1f && body[1] === 0x8b;
  return isCompressed ? gunzipSync(body, { finishFlush: constants.Z_SYNC_FLUSH }) : body;
}

function ofSuccess(bytes: Buffer, name: OperationName | "post"): ExpectedOutcome {
  const text = new TextDecoder().decode(bytes);
  const body = parsed(text);
  if (name === "post") return { kind: "delivered", body: body === undefined ? { _raw: text } : body };
  if (body === undefined || !validatorOf(responseSchema(name))(body)) return UNAVAILABLE;
  if (name === "createExperiment" && !isSafeId(Object(body).experiment.id)) return UNAVAILABLE;
  if (name === "createRun" && !isSafeId(Object(body).run.id)) return UNAVAILABLE;
  return { kind: "delivered", body };
}

/** Whether an id is safe as the name of a folder and as part of a path. */
function isSafeId(id: string): boolean {
  const bytes = Buffer.from(id);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for.
  const hasForbidden = /[/\\\u0000-\u001f\u007f-\u009f]/.test(id);
  return id !== "" && id !== "." && id !== ".." && bytes.length <= 200 && bytes.toString() === id && !hasForbidden;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The status as error messages name it. */
export function nameOf(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ""}`.trim();
}
