import { ROUTES } from "../api/routes.js";
import { isObject } from "../util/objects.js";
import type { Call } from "./caller.js";
import type { Difference } from "./finding.js";
import type { Words } from "./words.js";

/** How an answer contradicts its request in what the document describes in words and no schema can say. */
export function contradictions({ operation, id, body: sent }: Call, answer: unknown, words: Words): Difference[] {
  if (!isObject(answer) || !isObject(sent)) return [];
  if (ROUTES[operation].kind === "patch") return [...otherId(id, answer, words), ...unset(sent, answer, words)];
  const { predictions } = sent;
  const { inserted } = answer;
  if (!Array.isArray(predictions) || typeof inserted !== "number" || inserted === predictions.length) return [];
  return [{ where: "inserted", expected: String(predictions.length), got: String(inserted) }];
}

function otherId(id: string, answer: Readonly<Record<string, unknown>>, words: Words): Difference[] {
  const where = "experiment_id" in answer ? "experiment_id" : "id";
  const { [where]: given } = answer;
  if (typeof given !== "string" || given === id) return [];
  return [{ where, expected: JSON.stringify(id), got: words.value(given) }];
}

function unset(sent: object, { patched }: Readonly<Record<string, unknown>>, words: Words): Difference[] {
  if (!Array.isArray(patched)) return [];
  const missing = Object.keys(sent).filter((name) => !patched.includes(name));
  if (missing.length === 0) return [];
  return [{ where: "patched", expected: `${missing.join(", ")} in it`, got: words.value(patched) }];
}
