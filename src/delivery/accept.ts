import type { ZodObject } from "zod";
import { EvsysValidationError } from "../errors.js";
import { encode, mayHoldSpelling } from "../mirror/lossless-json.js";
import { isObject } from "../objects.js";
import { type BodyOf, type OperationName, operations } from "../operations.js";
import { issueAt, shown, validated } from "../validation.js";
import { type NonFinite, wireForm } from "./wire-form.js";

/** A write that fits the document. */
export interface Accepted<Name extends OperationName> {
  /** What the caller said: without null and undefined, with NaN and the infinities. */
  readonly fields: BodyOf<Name>;
  /** What goes over the wire: finite numbers only. */
  readonly wire: BodyOf<Name>;
  /** What stands in `fields` and cannot stand in `wire`. */
  readonly nonFinite: readonly NonFinite[];
}

/**
 * Holds what a caller gave against the document.
 * @throws EvsysValidationError naming each field that does not fit; nothing has been written or sent then.
 */
export function accept<Name extends OperationName>(
  name: Name,
  body: unknown,
  subject: string = name,
  schema: ZodObject = operations[name].body,
): Accepted<Name> {
  const fields = withoutNullish(subject, body);
  const text = jsonOf(subject, fields);
  const { wire, nonFinite } = mayHoldSpelling(text) ? wireForm(name, fields) : { wire: fields, nonFinite: [] };
  validated(subject, schema, wire);
  if (operations[name].kind === "patch" && Object.keys(fields).length === 0) {
    throw new EvsysValidationError(subject, [issueAt([], "expected at least one field to set, got none")]);
  }
  // The schema has just said so; only NaN stands in `fields` where `wire` has none.
  return { fields: fields as BodyOf<Name>, wire: wire as BodyOf<Name>, nonFinite };
}

/**
 * The text of a value.
 * @throws EvsysValidationError where JSON cannot hold it.
 */
export function jsonOf(subject: string, value: unknown): string {
  try {
    return encode(value);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split("\n", 1)[0] : String(cause);
    throw new EvsysValidationError(subject, [issueAt(wayToUnsendable(value), `expected what JSON can hold; ${why}`)]);
  }
}

/** The way to what JSON cannot hold. `above` are the objects it lies in: in a circle it ends where the circle closes. */
function wayToUnsendable(value: unknown, above: readonly unknown[] = []): (string | number)[] {
  if (typeof value !== "object" || value === null || above.includes(value)) return [];
  const [field, item] = Object.entries(value).find(([, inner]) => !isSendable(inner)) ?? [];
  if (field === undefined) return [];
  return [Array.isArray(value) ? Number(field) : field, ...wayToUnsendable(item, [...above, value])];
}

function isSendable(value: unknown): boolean {
  try {
    encode(value);
    return true;
  } catch {
    return false;
  }
}

/** The fields that are there. Those of each prediction are looked through as well, as each is a row. */
function withoutNullish(subject: string, body: unknown): Record<string, unknown> {
  if (!isObject(body)) throw new EvsysValidationError(subject, [issueAt([], `expected an object, got ${shown(body)}`)]);
  return Object.fromEntries(
    Object.entries(body)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([field, value]) => [field, field === "predictions" && Array.isArray(value) ? value.map(asRow) : value]),
  );

  function asRow(value: unknown): unknown {
    return isObject(value) ? withoutNullish(subject, value) : value;
  }
}
