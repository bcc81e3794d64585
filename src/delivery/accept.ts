import type { ZodObject } from "zod";
import { stepMetricOf } from "../api/inputs.js";
import { toJsonValue } from "../api/json-value.js";
import { encode, mayHoldSpelling } from "../api/lossless-json.js";
import { type BodyOf, type OperationName, ROUTES } from "../api/routes.js";
import { EvsysValidationError } from "../errors.js";
import { isGiven, isObject } from "../util/objects.js";
import { preview } from "../util/preview.js";
import { messageOf } from "../util/thrown.js";
import { issueAt, validated } from "../util/validation.js";
import { type NonFinite, wireForm } from "./wire-form.js";

/** A write that the schema accepts. */
export interface Accepted<Name extends OperationName> {
  /** The fields of the caller: without null and undefined, with NaN and the infinities. */
  readonly fields: BodyOf<Name>;
  /** `fields` as the mirror writes them. */
  readonly text: string;
  /** The values in `fields` that JSON cannot represent. */
  readonly nonFinite: readonly NonFinite[];
}

/**
 * Validates a body against the schema.
 * @throws EvsysValidationError naming each invalid field; nothing has been written or sent then.
 */
export function accept<Name extends OperationName>(
  name: Name,
  body: unknown,
  subject: string = name,
  schema: ZodObject = ROUTES[name].body,
): Accepted<Name> {
  const data = toJsonValue(subject, body);
  if (!isObject(data))
    throw new EvsysValidationError(subject, [issueAt([], `expected an object, got ${preview(body)}`)]);
  const fields = name === "logStepMetric" ? stepMetricOf(data) : presentFields(data);
  const text = encoded(subject, () => encode(fields));
  const { wire, nonFinite } = mayHoldSpelling(text) ? wireForm(name, fields) : { wire: fields, nonFinite: [] };
  validated(subject, schema, wire, fields);
  if (ROUTES[name].kind === "patch" && Object.keys(fields).length === 0) {
    throw new EvsysValidationError(subject, [issueAt([], "expected at least one field to set, got none")]);
  }
  // The schema has just validated them; `fields` has NaN and the infinities besides.
  return { fields: fields as BodyOf<Name>, text, nonFinite };
}

/**
 * The JSON text of a value that has no schema.
 * @throws EvsysValidationError if JSON cannot represent it.
 */
export function jsonOf(subject: string, value: unknown): string {
  const data = toJsonValue(subject, value) ?? null;
  return encoded(subject, () => JSON.stringify(data));
}

/**
 * The text that `write` returns, which has a maximum length.
 * @throws EvsysValidationError if JSON cannot represent the value.
 */
export function encoded(subject: string, write: () => string): string {
  try {
    return write();
  } catch (cause) {
    throw new EvsysValidationError(subject, [
      issueAt([], `expected a value that JSON can represent; ${messageOf(cause)}`),
    ]);
  }
}

/** The fields that are present: null and undefined count as absent. */
export function presentFields(body: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => isGiven(value)));
}
