import type { SchemaError } from "../../generated/validators.js";

/** The maximum number of problems to list. */
const MAX_PROBLEMS = 10;

/** Ajv's errors as text: `field: message`, joined by semicolons. */
export function describeProblems(errors: readonly SchemaError[] | null | undefined, root = "body"): string {
  const all = errors ?? [];
  const named = all.slice(0, MAX_PROBLEMS).map((error) => `${fieldOf(error) || root}: ${messageOf(error)}`);
  if (all.length > MAX_PROBLEMS) named.push(`and ${all.length - MAX_PROBLEMS} more`);
  return named.join("; ");
}

/** The path of the field, such as `predictions[3].model_output`; empty for the body itself. */
function fieldOf({ instancePath, params }: SchemaError): string {
  const steps = instancePath.split("/").slice(1).map(decoded);
  const extra: unknown = params.missingProperty ?? params.additionalProperty;
  if (typeof extra === "string") steps.push(extra);
  return steps.reduce((path, step) => {
    if (/^\d+$/.test(step)) return `${path}[${step}]`;
    return path === "" ? step : `${path}.${step}`;
  }, "");
}

function messageOf({ keyword, message, params }: SchemaError): string {
  if (keyword === "required") return "this field is required";
  if (keyword === "additionalProperties") return "unknown field";
  const allowed: unknown = params.allowedValues;
  if (Array.isArray(allowed)) return `must be one of ${allowed.join(", ")}`;
  return message ?? `invalid (${keyword})`;
}

function decoded(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}
