import { ROUTES } from "../api/routes.js";
import { isObject } from "../util/objects.js";
import type { CheckRequest } from "./caller.js";
import type { Difference } from "./finding.js";
import type { TextRedactor } from "./text-redactor.js";

/** Differences between a response and its request that the schema describes only in prose. */
export function contradictions(
  { operation, id, body: sent }: CheckRequest,
  response: unknown,
  redactor: TextRedactor,
): Difference[] {
  if (!isObject(response) || !isObject(sent)) return [];
  if (ROUTES[operation].kind === "patch")
    return [...otherId(id, response, redactor), ...unset(sent, response, redactor)];
  const { predictions } = sent;
  const { inserted } = response;
  if (!Array.isArray(predictions) || typeof inserted !== "number" || inserted === predictions.length) return [];
  return [{ where: "inserted", expected: String(predictions.length), got: String(inserted) }];
}

function otherId(id: string, response: Readonly<Record<string, unknown>>, redactor: TextRedactor): Difference[] {
  const where = "experiment_id" in response ? "experiment_id" : "id";
  const { [where]: given } = response;
  if (typeof given !== "string" || given === id) return [];
  return [{ where, expected: JSON.stringify(id), got: redactor.json(given) }];
}

function unset(sent: object, { patched }: Readonly<Record<string, unknown>>, redactor: TextRedactor): Difference[] {
  if (!Array.isArray(patched)) return [];
  const missing = Object.keys(sent).filter((name) => !patched.includes(name));
  if (missing.length === 0) return [];
  return [{ where: "patched", expected: `${missing.join(", ")} in it`, got: redactor.json(patched) }];
}
