import type { SchemaError } from "../../generated/validators.js";
import { issueAt } from "../util/validation.js";
import type { Difference } from "./finding.js";
import type { TextRedactor } from "./text-redactor.js";

/** Converts Ajv's error in a response body to a difference. */
export function differenceOf(problem: SchemaError, body: unknown, redactor: TextRedactor): Difference {
  const { instancePath, params } = problem;
  const path = instancePath.split("/").slice(1).map(decoded);
  const missing: unknown = params.missingProperty;
  if (typeof missing === "string")
    return { where: fieldOf([...path, missing]), expected: "to be there", got: "nothing" };
  return { where: fieldOf(path), expected: expectedBy(problem), got: redactor.json(valueAt(body, path)) };
}

function expectedBy({ keyword, message = keyword, params }: SchemaError): string {
  const allowed: unknown = params.allowedValues;
  if (keyword === "const") return JSON.stringify(params.allowedValue);
  if (Array.isArray(allowed)) return `one of ${allowed.join(", ")}`;
  return keyword === "type" ? message.replace(/^must be /, "") : `a value that ${message}`;
}

function fieldOf(path: readonly string[]): string {
  const steps = path.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  return issueAt(steps, "").field || "response";
}

function valueAt(body: unknown, path: readonly string[]): unknown {
  let value = body;
  for (const step of path) value = typeof value === "object" && value !== null ? Reflect.get(value, step) : undefined;
  return value;
}

function decoded(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}
