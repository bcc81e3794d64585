import { EvsysValidationError } from "../errors.js";
import { encode, mayHoldSpelling } from "../mirror/lossless-json.js";
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
export function accept<Name extends OperationName>(name: Name, body: unknown): Accepted<Name> {
  const operation = operations[name];
  const fields = withoutNullish(name, body);
  const text = jsonOf(name, fields);
  const { wire, nonFinite } = mayHoldSpelling(text) ? wireForm(name, fields) : { wire: fields, nonFinite: [] };
  validated(name, operation.body, wire);
  if (operation.kind === "patch" && Object.keys(fields).length === 0) {
    throw new EvsysValidationError(name, [issueAt([], "expected at least one field to set, got none")]);
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
    throw new EvsysValidationError(subject, [issueAt([], `expected what JSON can hold; ${why}`)]);
  }
}

/** The fields that are there. Those of each prediction are looked through as well, as each is a row. */
function withoutNullish(name: OperationName, body: unknown): Record<string, unknown> {
  if (!isObject(body)) throw new EvsysValidationError(name, [issueAt([], `expected an object, got ${shown(body)}`)]);
  return Object.fromEntries(
    Object.entries(body)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([field, value]) => [field, field === "predictions" && Array.isArray(value) ? value.map(asRow) : value]),
  );

  function asRow(value: unknown): unknown {
    return isObject(value) ? withoutNullish(name, value) : value;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
