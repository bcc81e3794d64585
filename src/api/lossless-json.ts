import { randomUUID } from "node:crypto";
import { isError } from "../util/thrown.js";

/**
 * JSON that preserves NaN, Infinity, -Infinity and 64-bit integers. Non-finite numbers are written as the strings "NaN",
 * "Infinity" and "-Infinity"; a real string of that spelling is written with an escape, to keep the two apart. The reader
 * also accepts the bare words that Python's json writes. An integer that a number would round, such as a 64-bit seed, is
 * read as a bigint and written with all its digits. Other JSON costs only two searches of the text.
 */
const SPELLINGS: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);
/** Marks a value during encoding; random, so that it occurs in no text. */
const MARK = randomUUID();
const MARKED_DIGITS = new RegExp(`"${MARK}digits (-?\\d+)"`, "g");
/** Python's json reads about 1,000 levels. Recursion over a value far beyond this would exhaust the stack. */
const MAX_DEPTH = 2_000;
const [QUOTE, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x5b, 0x5d, 0x7b, 0x7d];
/** Shorter integers are exact as numbers. The digits after a decimal point belong to a float, which may be rounded. */
const LONG_INTEGER = /(?:^|[-:,[\s])\d{16}/;
const LONG_INTEGERS = /(?<![\w.+-])-?[1-9]\d{15,}(?![\d.eE]|\s*:)/g;
const QUOTED_SPELLING = /^"(NaN|-?Infinity)"$/;
const BARE_SPELLING = /(?<![\w.+-])(NaN|-?Infinity)(?![\w.])(?!\s*:)/g;

/** Encodes a value as lossless JSON. */
export function encode(value: unknown, indent?: number): string {
  const text = textWithoutBigints(value, indent);
  // JSON.stringify writes a non-finite number as null: without a null or a spelling, nothing needs an escape.
  if (text !== undefined && !text.includes("null") && !mayHoldSpelling(text)) return text;
  let marked = JSON.stringify(value, mark, indent);
  for (const spelling of SPELLINGS.keys()) {
    marked = marked.replaceAll(`"${MARK}number ${spelling}"`, `"${spelling}"`);
    marked = marked.replaceAll(`"${MARK}string ${spelling}"`, `"${escapedSpelling(spelling)}"`);
  }
  return withDigits(marked);
}

/** The JSON text of a request body: like JSON.stringify, but with the bigints that {@link decode} returns. */
export function wireJson(value: unknown): string {
  return textWithoutBigints(value) ?? withDigits(JSON.stringify(value, markBigint));
}

/** The JSON text of a value; undefined if it contains a bigint, on which JSON.stringify throws. */
function textWithoutBigints(value: unknown, indent?: number): string | undefined {
  // A program may have defined BigInt.prototype.toJSON, which would turn bigints into strings.
  if ("toJSON" in BigInt.prototype) return undefined;
  try {
    return JSON.stringify(value, null, indent);
  } catch (error) {
    if (isError(error) && error.name === "TypeError" && /bigint/i.test(error.message)) return undefined;
    throw error;
  }
}

/**
 * Decodes a text that {@link encode} or another client wrote.
 * @throws SyntaxError if it is not JSON, RangeError if it is nested too deep.
 */
export function decode(text: string): unknown {
  assertDepth(text);
  if (!mayHoldSpelling(text) && !LONG_INTEGER.test(text)) return JSON.parse(text);
  return JSON.parse(withMarks(text), (_, item: unknown) =>
    typeof item === "string" && item.startsWith(MARK) ? markedNumber(item.slice(MARK.length)) : item,
  );
}

function markedNumber(text: string): number | bigint {
  return SPELLINGS.get(text) ?? BigInt(text);
}

/** A text that is too short to be that deep costs nothing, which covers nearly every row. */
function assertDepth(text: string): void {
  if (text.length <= 2 * MAX_DEPTH) return;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charCodeAt(at);
    if (letter === QUOTE) at = endOfString(text, at) - 1;
    else if (letter === OPEN_LIST || letter === OPEN_OBJECT) depth += 1;
    else if (letter === CLOSE_LIST || letter === CLOSE_OBJECT) depth -= 1;
    if (depth > MAX_DEPTH) throw new RangeError(`it is nested more than ${MAX_DEPTH} levels deep`);
  }
}

/** Whether a JSON text may contain a non-finite number. */
export function mayHoldSpelling(text: string): boolean {
  return text.includes("NaN") || text.includes("Infinity");
}

function mark(this: unknown, key: string, item: unknown): unknown {
  if (typeof item === "number" && !Number.isFinite(item)) return `${MARK}number ${item}`;
  if (typeof item === "string" && SPELLINGS.has(item)) return `${MARK}string ${item}`;
  return markBigint.call(this, key, item);
}

/** `this` contains the item as it was before its toJSON was called. */
function markBigint(this: unknown, key: string, item: unknown): unknown {
  const original = typeof item === "bigint" ? item : Object(this)[key];
  return typeof original === "bigint" ? `${MARK}digits ${original}` : item;
}

function withDigits(marked: string): string {
  return marked.replaceAll(MARKED_DIGITS, "$1");
}

function escapedSpelling(spelling: string): string {
  return spelling.replace(/[NI]/, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);
}

/**
 * Replaces every spelling of a non-finite number, and every integer that a number would round, by a marked string. It goes
 * string by string, because a spelling inside a string is text.
 */
function withMarks(text: string): string {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const quote = text.indexOf('"', at);
    const start = quote === -1 ? text.length : quote;
    pieces.push(text.slice(at, start).replace(BARE_SPELLING, `"${MARK}$1"`).replace(LONG_INTEGERS, markIfRounded));
    if (quote === -1) break;
    const end = endOfString(text, quote);
    const string = text.slice(quote, end);
    pieces.push(isKey(text, end) ? string : string.replace(QUOTED_SPELLING, `"${MARK}$1"`));
    at = end;
  }
  return pieces.join("");
}

function markIfRounded(digits: string): string {
  return String(Number(digits)) === digits ? digits : `"${MARK}${digits}"`;
}

/** The position after the closing quote of a string. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
  }
  return text.length;
}

function isKey(text: string, end: number): boolean {
  let next = end;
  while (/\s/.test(text[next] ?? "")) next += 1;
  return text[next] === ":";
}
