import { types } from "node:util";
import type * as z from "zod";
import { EvsysValidationError, type ValidationIssue } from "../errors.js";
import { nearest } from "./did-you-mean.js";
import { isObject } from "./objects.js";
import { messageOf } from "./thrown.js";

const LONGEST_PREVIEW = 60;
const SECRET_FIELD = "apiKey";

/** What is known of a schema's fields, to name the ones that fit where one does not. */
type Fielded = z.ZodType & { readonly shape?: Readonly<Record<string, unknown>> };

/**
 * Checks a value against a schema and returns it typed. `given` is the value to show in errors, if it is another form.
 * @throws EvsysValidationError naming each field, the value that was given and what is allowed.
 */
export function validated<Schema extends Fielded>(
  subject: string,
  schema: Schema,
  value: unknown,
  given: unknown = value,
): z.output<Schema> {
  const result = parsed(subject, schema, value);
  if (!result.success) throw new EvsysValidationError(subject, allIssues(result.error, schema, given));
  return result.data;
}

/** Whether JSON keeps the content of an object: it empties a Map, a Promise or an Error, and turns typed arrays into objects. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || kindOf(value) === "Object";
}

function parsed<Schema extends Fielded>(
  subject: string,
  schema: Schema,
  value: unknown,
): z.ZodSafeParseResult<z.output<Schema>> {
  const refuse = (message: string): never => {
    throw new EvsysValidationError(subject, [issueAt([], message)]);
  };
  try {
    // A schema would take a Map or a Promise for an object without fields.
    if (!isObject(value) || isPlainObject(value)) return schema.safeParse(value);
  } catch (thrown) {
    return refuse(`cannot be read: ${messageOf(thrown)}`);
  }
  return refuse(`expected an object, got ${shown(value)}`);
}

/**
 * What does not fit a schema, one issue for each field. `given` is the value to show in errors; `at` is its path.
 */
export function issuesOf(
  schema: Fielded,
  value: unknown,
  given: unknown,
  at: ValidationIssue["path"],
): ValidationIssue[] {
  const result = schema.safeParse(value);
  return result.success ? [] : allIssues(result.error, schema, given, at);
}

/** One mistake may violate several rules of a schema: the first issue of each field counts. */
function allIssues(
  error: z.ZodError,
  schema: Fielded,
  value: unknown,
  at: ValidationIssue["path"] = [],
): ValidationIssue[] {
  const issues = new Map<string, ValidationIssue>();
  for (const { path, field, message } of error.issues.flatMap((each) => explained(each, schema, value))) {
    if (!issues.has(field)) issues.set(field, issueAt([...at, ...path], message));
  }
  return [...issues.values()];
}

/** An issue of our own, for what a schema cannot say. */
export function issueAt(path: readonly (string | number)[], message: string): ValidationIssue {
  return { path, field: fieldOf(path), message };
}

/** A preview of a value for an error message: short, and on one line. */
export function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" && typeof value !== "string") return String(value);
  if (types.isPromise(value)) return "a Promise (did you forget await?)";
  try {
    if (isObject(value) && !isPlainObject(value)) return withArticle(kindOf(value));
    const text = JSON.stringify(value);
    return text.length > LONGEST_PREVIEW ? `${text.slice(0, LONGEST_PREVIEW)}…` : text;
  } catch {
    return "an object JSON cannot hold";
  }
}

/** The built-in kind of an object, such as Map; `Object` for a plain object and for most classes. */
function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

function explained(issue: z.core.$ZodIssue, schema: Fielded, root: unknown): ValidationIssue[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  const given = valueAt(root, path);
  const preview = previewOf(path, schema, given);
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = path.length === 0 && schema.shape ? Object.keys(schema.shape) : [];
      return unknownFields(path, issue.keys, known, valueAt(root, path));
    }
    case "invalid_type": {
      const field = String(path.at(-1));
      const hint = field.endsWith("_id") ? idMeant(field, given) : "";
      return given === undefined
        ? [issueAt(path, `required, ${typeNamed(issue.expected)} is missing`)]
        : [issueAt(path, `expected ${typeNamed(issue.expected)}, got ${preview}${hint}`)];
    }
    case "invalid_value":
      return [issueAt(path, `expected one of ${issue.values.join(", ")}, got ${preview}`)];
    case "too_small":
    case "too_big": {
      const bound = issue.code === "too_small" ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
      const unit = issue.origin === "string" ? " character(s)" : issue.origin === "array" ? " item(s)" : "";
      return [issueAt(path, `expected ${bound}${unit}, got ${preview}`)];
    }
    default:
      return [issueAt(path, `${issue.message}, got ${preview}`)];
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
  return /^[aeiou]/i.test(noun) ? `an ${noun}` : `a ${noun}`;
}

function typeNamed(expected: string): string {
  return withArticle(expected === "int" ? "integer" : expected);
}

/** A preview that does not show the key, also if the user passes it in place of the options that hold it. */
function previewOf(path: readonly (string | number)[], { shape }: Fielded, given: unknown): string {
  if (path[0] === SECRET_FIELD) return "a hidden value";
  const holdsKey = path.length === 0 && shape !== undefined && SECRET_FIELD in shape;
  if (!holdsKey || (typeof given !== "string" && !Array.isArray(given))) return shown(given);
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
      // A field may have no name, and has to be named all the same.
      return `${at === 0 ? "" : "."}${part === "" ? '""' : part}`;
    })
    .join("");
}
