import { STATUS_CODES } from "node:http";
import type { OperationName } from "../../../src/index.js";
import { judgeOf } from "../../support/document.js";
import { type AnswerRecipe, answerOf, bodyOf, hasGoodHead, isCut } from "./answers.js";

/** What has to become of a write, by the design alone. `kept`: whether it goes out later. */
export type Verdict =
  | { readonly kind: "delivered"; readonly body: unknown }
  | { readonly kind: "raised"; readonly status: number; readonly kept: boolean }
  | { readonly kind: "away"; readonly remote: "up" | "down" };

const AWAY: Verdict = { kind: "away", remote: "down" };
/** The backend is there, and its answer is of no use. */

const EMPTY = Buffer.alloc(0);

/** The verdict on an answer to one of the eight methods, or to a post, which any answer satisfies. */
export function verdictOn(recipe: AnswerRecipe, name: OperationName | "post"): Verdict {
  const { status } = recipe;
  const body = arrived(recipe);
  if (body === undefined || status < 200) return AWAY;
  if (status < 300) return ofSuccess(body, name);
  if (status < 400 || status === 401 || status === 403) return { kind: "raised", status, kept: isKept(name) };
  if (status >= 500 || [408, 425, 429].includes(status)) return AWAY;
  return { kind: "raised", status, kept: status === 404 && isKept(name) };
}

/** A create that raises is not kept, and a post never is. */
function isKept(name: OperationName | "post"): boolean {
  return !/^(create(Experiment|Run)|post)$/.test(name);
}

/** The body as HTTP has it; undefined where the answer does not arrive whole. */
function arrived(recipe: AnswerRecipe): Buffer | undefined {
  const { status, framing } = recipe;
  if (isCut(recipe) || !hasGoodHead(recipe)) return undefined;
  const body = bodyOf(recipe);
  const half = body.subarray(0, Math.floor(body.length / 2));
  if (status === 204 || status === 304) {
    // It has no body; one that announces a body all the same is broken.
    const announced = { length: body.length, "too short": half.length, "too long": body.length + 10 };
    return Object.entries(announced).some(([way, length]) => way === framing && length > 0) ? undefined : EMPTY;
  }
  if (framing === "too short") return half;
  return framing === "too long" || framing === "bad piece" ? undefined : body;
}

function ofSuccess(bytes: Buffer, name: OperationName | "post"): Verdict {
  const text = new TextDecoder().decode(bytes);
  const body = parsed(text);
  if (name === "post") return { kind: "delivered", body: body === undefined ? { _raw: text } : body };
  if (body === undefined || !judgeOf(answerOf(name))(body)) return AWAY;
  if (name === "createExperiment" && !isHarmless(Object(body).experiment.id)) return AWAY;
  if (name === "createRun" && !isHarmless(Object(body).run.id)) return AWAY;
  return { kind: "delivered", body };
}

/** Whether an id can name a folder and a part of a path, and nothing else. */
function isHarmless(id: string): boolean {
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

/** How an error's message names a status. */
export function nameOf(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ""}`.trim();
}
