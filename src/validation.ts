import type * as z from "zod";
import { EvsysValidationError, type ValidationIssue } from "./errors.js";
import { nearest } from "./nearest.js";
import { isObject } from "./objects.js";

const LONGEST_VALUE_SHOWN = 60;
const SECRET_FIELD = "apiKey";

/** What is known of a schema's fields, to name the ones that fit where one does not. */
type Fielded = z.ZodType & { readonly shape?: Readonly<Record<string, unknown>> };

/**
 * Checks a value against a schema and returns it typed.
 * @throws EvsysValidationError naming each field, what was given and what fits.
 */
export function validated<Schema extends Fielded>(subject: string, schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (!result.success) throw validationError(subject, schema, value, result.error);
  return result.data;
}

/** The error for a value that zod did not take. */
function validationError(subject: string, schema: Fielded, value: unknown, error: z.ZodError): EvsysValidationError {
  return new EvsysValidationError(
    subject,
    error.issues.flatMap((issue) => explained(issue, schema, value)),
  );
}

/** An issue of our own, for what a schema cannot say. */
export function issueAt(path: readonly (string | number)[], message: string): ValidationIssue {
  return { path, field: fieldOf(path), message };
}

/** A value as an error shows it: short, and on one line. */
export function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    text = undefined;
  }
  if (text === undefined) return String(typeof value === "object" ? "an object JSON cannot hold" : value);
  return text.length > LONGEST_VALUE_SHOWN ? `${text.slice(0, LONGEST_VALUE_SHOWN)}…` : text;
}

function explained(issue: z.core.$ZodIssue, schema: Fielded, root: unknown): ValidationIssue[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  const given = path[0] === SECRET_FIELD ? "(hidden)" : valueAt(root, path);
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = path.length === 0 && schema.shape ? Object.keys(schema.shape) : [];
      return unknownFields(path, issue.keys, known, valueAt(root, path));
    }
    case "invalid_type": {
      const field = String(path.at(-1));
      const hint = field.endsWith("_id") ? idMeant(field, given) : "";
      return given === undefined
        ? [issueAt(path, `required, ${withArticle(nameOfType(issue.expected))} is missing`)]
        : [issueAt(path, `expected ${nameOfType(issue.expected)}, got ${shown(given)}${hint}`)];
    }
    case "invalid_value":
      return [issueAt(path, `expected one of ${issue.values.join(", ")}, got ${shown(given)}`)];
    case "too_small":
    case "too_big": {
      const bound = issue.code === "too_small" ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
      const unit = issue.origin === "string" ? " character(s)" : issue.origin === "array" ? " item(s)" : "";
      return [issueAt(path, `expected ${bound}${unit}, got ${shown(given)}`)];
    }
    default:
      return [issueAt(path, `${issue.message}, got ${shown(given)}`)];
  }
}

/** Each with the name that may have been meant; the names that there are, once, after the last that is near to none. */
function unknownFields(
  path: ValidationIssue["path"],
  keys: readonly string[],
  known: readonly string[],
  given: unknown,
): ValidationIssue[] {
  const hints = keys.map((key) => {
    const near = nearest(key, known);
    if (near !== undefined) return `; did you mean ${near}?`;
    const isSeries = known.includes("metrics") && isObject(given) && typeof given[key] === "number";
    return isSeries ? "; put it in metrics" : "";
  });
  const last = known.length === 0 ? -1 : hints.findLastIndex((hint) => !hint.includes("did you mean"));
  return keys.map((key, at) => {
    const names = at === last ? `; known fields: ${known.join(", ")}` : "";
    return issueAt([...path, key], `unknown field${hints[at]}${names}`);
  });
}

/** A row or a run in place of its id is a slip soon made: the id that may have been meant. */
export function idMeant(field: string, given: unknown): string {
  const entity = field.replace(/_id$/, "");
  const has = (name: string) => typeof Object.getOwnPropertyDescriptor(Object(given), name)?.value === "string";
  try {
    if (has(`${entity}Id`)) return `; did you mean run.${entity}Id?`;
    return has("id") ? `; did you mean ${entity}.id?` : "";
  } catch {
    // What cannot be looked at is no slip.
    return "";
  }
}

function withArticle(noun: string): string {
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}

function nameOfType(expected: string): string {
  return expected === "int" ? "integer" : expected;
}

function valueAt(root: unknown, path: readonly (string | number)[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

function fieldOf(path: readonly (string | number)[]): string {
  return path
    .map((part, at) => {
      if (typeof part === "number") return `[${part}]`;
      // A field may have no name, and has to be named all the same.
      return `${at === 0 ? "" : "."}${part === "" ? '""' : part}`;
    })
    .join("");
}
