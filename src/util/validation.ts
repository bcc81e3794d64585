import type * as z from "zod";
import { EvsysValidationError, type ValidationIssue } from "../errors.js";
import { didYouMean } from "./did-you-mean.js";
import { isObject } from "./objects.js";
import { isPlainObject, preview, withArticle } from "./preview.js";
import { messageOf } from "./thrown.js";

const SECRET_FIELD = "apiKey";

/** A schema that may list its fields, so that an error can suggest the right name. */
type SchemaWithShape = z.ZodType & { readonly shape?: Readonly<Record<string, unknown>> };

/**
 * Validates a value against a schema and returns it typed. `given` is the value to quote in errors if it differs from
 * the validated one.
 * @throws EvsysValidationError naming each field, the value given and what is allowed.
 */
export function validated<Schema extends SchemaWithShape>(
  subject: string,
  schema: Schema,
  value: unknown,
  given: unknown = value,
): z.output<Schema> {
  const result = parsed(subject, schema, value);
  if (!result.success) throw new EvsysValidationError(subject, allIssues(result.error, schema, given));
  return result.data;
}

function parsed<Schema extends SchemaWithShape>(
  subject: string,
  schema: Schema,
  value: unknown,
): z.ZodSafeParseResult<z.output<Schema>> {
  const fail = (message: string): never => {
    throw new EvsysValidationError(subject, [issueAt([], message)]);
  };
  try {
    // A schema would accept a Map or a Promise as an object without fields.
    if (!isObject(value) || isPlainObject(value)) return schema.safeParse(value);
  } catch (thrown) {
    return fail(`cannot be read: ${messageOf(thrown)}`);
  }
  return fail(`expected an object, got ${preview(value)}`);
}

/** The issues of a value that does not match a schema, one per field. `given` is the value to quote; `at` is its path. */
export function issuesOf(
  schema: SchemaWithShape,
  value: unknown,
  given: unknown,
  at: ValidationIssue["path"],
): ValidationIssue[] {
  const result = schema.safeParse(value);
  return result.success ? [] : allIssues(result.error, schema, given, at);
}

/** One mistake may violate several rules: only the first issue of each field is kept. */
function allIssues(
  error: z.ZodError,
  schema: SchemaWithShape,
  value: unknown,
  at: ValidationIssue["path"] = [],
): ValidationIssue[] {
  const issues = new Map<string, ValidationIssue>();
  for (const { path, field, message } of error.issues.flatMap((each) => issuesFor(each, schema, value))) {
    if (!issues.has(field)) issues.set(field, issueAt([...at, ...path], message));
  }
  return [...issues.values()];
}

/** An issue for a rule that a schema cannot express. */
export function issueAt(path: readonly (string | number)[], message: string): ValidationIssue {
  return { path, field: fieldOf(path), message };
}

function issuesFor(issue: z.core.$ZodIssue, schema: SchemaWithShape, root: unknown): ValidationIssue[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  const given = valueAt(root, path);
  const got = previewOf(path, schema, given);
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = path.length === 0 && schema.shape ? Object.keys(schema.shape) : [];
      return unknownFields(path, issue.keys, known, valueAt(root, path));
    }
    case "invalid_type": {
      const field = String(path.at(-1));
      const hint = field.endsWith("_id") ? idHint(field, given) : "";
      return given === undefined
        ? [issueAt(path, `required, ${typeNamed(issue.expected)} is missing`)]
        : [issueAt(path, `expected ${typeNamed(issue.expected)}, got ${got}${hint}`)];
    }
    case "invalid_value":
      return [issueAt(path, `expected one of ${issue.values.join(", ")}, got ${got}`)];
    case "too_small":
    case "too_big": {
      const bound = issue.code === "too_small" ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
      const unit = issue.origin === "string" ? " character(s)" : issue.origin === "array" ? " item(s)" : "";
      return [issueAt(path, `expected ${bound}${unit}, got ${got}`)];
    }
    default:
      return [issueAt(path, `${issue.message}, got ${got}`)];
  }
}

/** One issue per unknown field, with the closest known name. The last one without a close name lists all known fields. */
function unknownFields(
  path: ValidationIssue["path"],
  keys: readonly string[],
  known: readonly string[],
  given: unknown,
): ValidationIssue[] {
  const hints = keys.map((key) => {
    const meant = didYouMean(key, known);
    if (meant !== undefined) return `; did you mean ${meant}?`;
    const isSeries = known.includes("metrics") && isObject(given) && typeof given[key] === "number";
    return isSeries ? "; put it in metrics" : "";
  });
  const last = known.length === 0 ? -1 : hints.findLastIndex((hint) => !hint.includes("did you mean"));
  return keys.map((key, at) => {
    const names = at === last ? `; known fields: ${known.join(", ")}` : "";
    return issueAt([...path, key], `unknown field${hints[at]}${names}`);
  });
}

/** A hint for a caller who passed a run, an experiment or a row instead of its id. */
export function idHint(field: string, given: unknown): string {
  const entity = field.replace(/_id$/, "");
  const has = (name: string) => typeof Object.getOwnPropertyDescriptor(Object(given), name)?.value === "string";
  try {
    if (has(`${entity}Id`)) return `; did you mean run.${entity}Id?`;
    return has("id") ? `; did you mean ${entity}.id?` : "";
  } catch {
    return "";
  }
}

function typeNamed(expected: string): string {
  return withArticle(expected === "int" ? "integer" : expected);
}

/** A preview that never shows the API key, even if the user passes it in place of the options. */
function previewOf(path: readonly (string | number)[], { shape }: SchemaWithShape, given: unknown): string {
  if (path[0] === SECRET_FIELD) return "a hidden value";
  const holdsKey = path.length === 0 && shape !== undefined && SECRET_FIELD in shape;
  if (!holdsKey || (typeof given !== "string" && !Array.isArray(given))) return preview(given);
  return Array.isArray(given) ? "an array" : "a string";
}

function valueAt(root: unknown, path: readonly (string | number)[]): unknown {
  let value = root;
  try {
    for (const part of path) {
      if (typeof value !== "object" || value === null) return undefined;
      value = Reflect.get(value, part);
    }
  } catch {
    return "an object that cannot be read";
  }
  return value;
}

function fieldOf(path: readonly (string | number)[]): string {
  return path
    .map((part, at) => {
      if (typeof part === "number") return `[${part}]`;
      // A field's name may be empty.
      return `${at === 0 ? "" : "."}${part === "" ? '""' : part}`;
    })
    .join("");
}
