import type { ZodObject } from "zod";
import { stepMetricOf } from "../api/inputs.js";
import { toJsonValue } from "../api/json-value.js";
import { encode, mayHoldSpelling } from "../api/lossless-json.js";
import { type BodyOf, type OperationName, ROUTES } from "../api/routes.js";
import { EvsysValidationError } from "../errors.js";
import { isGiven, isObject } from "../util/objects.js";
import { messageOf } from "../util/thrown.js";
import { issueAt, preview, validated } from "../util/validation.js";
import { type NonFinite, wireForm } from "./wire-form.js";

/** A write that fits the document. */
export interface Accepted<Name extends OperationName> {
  /** What the caller said: without null and undefined, with NaN and the infinities. */
  readonly fields: BodyOf<Name>;
  /** `fields` as the mirror writes them. */
  readonly text: string;
  /** What stands in `fields` and cannot go over the wire. */
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
  // The schema has just said so; only NaN and the infinities stand in `fields` beyond that.
  return { fields: fields as BodyOf<Name>, text, nonFinite };
}

/**
 * The text of a value as it goes over the wire, where nothing is known of what it should be.
 * @throws EvsysValidationError where JSON cannot hold it.
 */
export function jsonOf(subject: string, value: unknown): string {
  const data = toJsonValue(subject, value) ?? null;
  return encoded(subject, () => JSON.stringify(data));
}

/**
 * The text that `write` makes, which has a maximum length.
 * @throws EvsysValidationError if JSON cannot hold the value.
 */
export function encoded(subject: string, write: () => string): string {
  try {
    return write();
  } catch (cause) {
    throw new EvsysValidationError(subject, [issueAt([], `expected what JSON can hold; ${messageOf(cause)}`)]);
  }
}

/** The fields that are given: null and undefined stand for a field that is not. */
export function presentFields(body: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => isGiven(value)));
}
