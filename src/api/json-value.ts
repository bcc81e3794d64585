import { EvsysValidationError } from "../errors.js";
import { isObject } from "../util/objects.js";
import { messageOf } from "../util/thrown.js";
import { isPlainObject, issueAt, shown } from "../util/validation.js";

/** Python's json gives up at about 1,000, and the Python client reads the same mirror. */
const DEEPEST = 500;
const LONGEST_WAY_SHOWN = 3;

type Fields = Readonly<Record<string, unknown>>;

/** Where in the caller's data we are: the fields that lead here, and the objects and lists that they lie in. */
interface Place {
  readonly way: (string | number)[];
  readonly above: object[];
}

/**
 * A copy of the caller's data as JSON will have it, in plain objects and lists; NaN and the infinities stay. It is read
 * once: what is held against the document is then what is mirrored and sent, whatever a getter, a toJSON or the caller
 * makes of the original later. `at` is the path of the value itself.
 * @throws EvsysValidationError where it cannot be read, or where JSON would drop or empty something without a word.
 */
export function plain(subject: string, value: unknown, at: readonly (string | number)[] = []): unknown {
  const place: Place = { way: [...at], above: [] };
  try {
    return copyOf(value, at.at(-1) ?? "", place);
  } catch (cause) {
    // The way to what lies too deep would fill a screen.
    const way = place.above.length < DEEPEST ? place.way : place.way.slice(0, LONGEST_WAY_SHOWN);
    throw new EvsysValidationError(subject, [
      issueAt(way, `expected what JSON can hold; ${firstLine(messageOf(cause))}`),
    ]);
  }
}

function copyOf(given: unknown, key: string | number, place: Place): unknown {
  const value = answered(given, key);
  if (Array.isArray(value)) return inside(value, place, listOf);
  if (isObject(value)) {
    if (isPlainObject(value)) return inside(value, place, objectOf);
    throw new TypeError(`got ${shown(value)}, which it would not keep`);
  }
  const type = typeof value;
  if (type === "function" || type === "symbol" || type === "bigint") throw new TypeError(`got ${shown(value)}`);
  return value;
}

/** What a value says that JSON should take in its place. */
function answered(value: unknown, key: string | number): unknown {
  if (typeof value === "bigint") {
    const boxed: unknown = Object(value);
    const json = answered(boxed, key);
    return json === boxed ? value : json;
  }
  if (typeof value !== "object" || value === null || !("toJSON" in value)) return value;
  const { toJSON } = value;
  return typeof toJSON === "function" ? Reflect.apply(toJSON, value, [String(key)]) : value;
}

function inside<Container extends object>(
  container: Container,
  place: Place,
  copy: (container: Container, place: Place) => unknown,
): unknown {
  if (place.above.includes(container)) throw new TypeError("a circle closes here");
  if (place.above.length === DEEPEST) throw new RangeError(`it is nested more than ${DEEPEST} deep`);
  place.above.push(container);
  const copied = copy(container, place);
  place.above.pop();
  return copied;
}

function listOf(list: readonly unknown[], place: Place): unknown[] {
  const copy: unknown[] = [];
  const last = place.way.push(0) - 1;
  for (let at = 0; at < list.length; at += 1) {
    place.way[last] = at;
    copy.push(copyOf(list[at], at, place) ?? null);
  }
  place.way.pop();
  return copy;
}

function objectOf(object: Fields, place: Place): Fields {
  const copy: Record<string, unknown> = {};
  const names = Object.keys(object);
  const last = place.way.push("") - 1;
  for (const name of names) {
    place.way[last] = name;
    if (name === "__proto__") throw new TypeError("no field can have this name");
    const value = object[name];
    // Most of what a training step logs is numbers, and it waits for this.
    const copied = typeof value === "number" ? value : copyOf(value, name, place);
    if (copied !== undefined) copy[name] = copied;
  }
  place.way.pop();
  return copy;
}

/** Messages of Node and V8 may have several lines. */
function firstLine(message: string): string {
  return message.replace(/\n.*/s, "");
}
