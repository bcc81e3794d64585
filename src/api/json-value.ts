import { EvsysValidationError } from "../errors.js";
import { isObject } from "../util/objects.js";
import { isPlainObject, preview } from "../util/preview.js";
import { messageOf } from "../util/thrown.js";
import { issueAt } from "../util/validation.js";

/** Python's json fails at about 1,000 levels, and the Python client reads the same mirror. */
const MAX_DEPTH = 500;
const MAX_PATH_SHOWN = 3;

type Fields = Readonly<Record<string, unknown>>;

/** The current position in the caller's data: the path, and the objects and arrays along it. */
interface Place {
  readonly path: (string | number)[];
  readonly ancestors: object[];
}

/**
 * Copies the caller's data as JSON represents it, in plain objects and arrays; NaN and infinities are kept. The data is
 * read once, so what is validated is also what is mirrored and sent, whatever a getter, a toJSON or the caller changes
 * later. `at` is the path of the value itself.
 * @throws EvsysValidationError if the data cannot be read, or if JSON would silently lose part of it.
 */
export function toJsonValue(subject: string, value: unknown, at: readonly (string | number)[] = []): unknown {
  const place: Place = { path: [...at], ancestors: [] };
  try {
    return copyOf(value, at.at(-1) ?? "", place);
  } catch (cause) {
    // The path to a value that is nested too deep would fill a screen.
    const path = place.ancestors.length < MAX_DEPTH ? place.path : place.path.slice(0, MAX_PATH_SHOWN);
    throw new EvsysValidationError(subject, [
      issueAt(path, `expected a value that JSON can represent; ${firstLine(messageOf(cause))}`),
    ]);
  }
}

function copyOf(given: unknown, key: string | number, place: Place): unknown {
  const value = jsonFormOf(given, key);
  if (Array.isArray(value)) return copyNested(value, place, listOf);
  if (isObject(value)) {
    if (isPlainObject(value)) return copyNested(value, place, objectOf);
    throw new TypeError(`got ${preview(value)}, whose content JSON would lose`);
  }
  const type = typeof value;
  if (type === "function" || type === "symbol" || type === "bigint") throw new TypeError(`got ${preview(value)}`);
  return value;
}

/** The result of a value's toJSON method, or the value itself. */
function jsonFormOf(value: unknown, key: string | number): unknown {
  if (typeof value === "bigint") {
    const boxed: unknown = Object(value);
    const json = jsonFormOf(boxed, key);
    return json === boxed ? value : json;
  }
  if (typeof value !== "object" || value === null || !("toJSON" in value)) return value;
  const { toJSON } = value;
  return typeof toJSON === "function" ? Reflect.apply(toJSON, value, [String(key)]) : value;
}

function copyNested<Container extends object>(
  container: Container,
  place: Place,
  copy: (container: Container, place: Place) => unknown,
): unknown {
  if (place.ancestors.includes(container)) throw new TypeError("got a circular reference");
  if (place.ancestors.length === MAX_DEPTH) throw new RangeError(`it is nested more than ${MAX_DEPTH} levels deep`);
  place.ancestors.push(container);
  const copied = copy(container, place);
  place.ancestors.pop();
  return copied;
}

function listOf(list: readonly unknown[], place: Place): unknown[] {
  const copy: unknown[] = [];
  const last = place.path.push(0) - 1;
  for (let at = 0; at < list.length; at += 1) {
    place.path[last] = at;
    copy.push(copyOf(list[at], at, place) ?? null);
  }
  place.path.pop();
  return copy;
}

function objectOf(object: Fields, place: Place): Fields {
  const copy: Record<string, unknown> = {};
  const names = Object.keys(object);
  const last = place.path.push("") - 1;
  for (const name of names) {
    place.path[last] = name;
    if (name === "__proto__") throw new TypeError("this field name is not allowed");
    const value = object[name];
    // A shortcut for numbers, the bulk of what a training step logs.
    const copied = typeof value === "number" ? value : copyOf(value, name, place);
    if (copied !== undefined) copy[name] = copied;
  }
  place.path.pop();
  return copy;
}

/** Messages of V8 may have several lines. */
function firstLine(message: string): string {
  return message.replace(/\n.*/s, "");
}
