import { randomUUID } from "node:crypto";
import { isError } from "../util/thrown.js";

/**
 * JSON that keeps NaN, Infinity and -Infinity. Written, they are the strings "NaN", "Infinity" and "-Infinity"; a real
 * string of that spelling is written with an escape, so that the two stay apart. Read, the bare words of Python's json
 * are taken as well. An integer that a number would round, such as a 64-bit seed, is read as a bigint and written with all
 * its digits. Everything else is plain JSON, and pays two glances at the text for it.
 */
const SPELLINGS: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);
/** No text of anybody's holds it. */
const MARK = randomUUID();
const MARKED_DIGITS = new RegExp(`"${MARK}digits (-?\\d+)"`, "g");
/**
 * No client writes anything near it, Python's json reads about 1,000; far beyond it, whoever walks a value exhausts the
 * stack.
 */
const DEEPEST = 2_000;
const [QUOTE, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x5b, 0x5d, 0x7b, 0x7d];
/** Shorter integers are exact as numbers. The digits after a point are a float's, which every writer may shorten. */
const LONG_INTEGER = /(?:^|[-:,[\s])\d{16}/;
const LONG_INTEGERS = /(?<![\w.+-])-?[1-9]\d{15,}(?![\d.eE]|\s*:)/g;
const QUOTED_SPELLING = /^"(NaN|-?Infinity)"$/;
const BARE_SPELLING = /(?<![\w.+-])(NaN|-?Infinity)(?![\w.])(?!\s*:)/g;

/** The text of a value. */
export function encode(value: unknown, indent?: number): string {
  const text = textWithoutBigints(value, indent);
  // JSON.stringify writes a non-finite number as null: without a null or a spelling there is nothing to keep apart.
  if (text !== undefined && !text.includes("null") && !mayHoldSpelling(text)) return text;
  let marked = JSON.stringify(value, mark, indent);
  for (const spelling of SPELLINGS.keys()) {
    marked = marked.replaceAll(`"${MARK}number ${spelling}"`, `"${spelling}"`);
    marked = marked.replaceAll(`"${MARK}string ${spelling}"`, `"${escapedSpelling(spelling)}"`);
  }
  return withDigits(marked);
}

/** The text of a body as a request carries it: JSON.stringify, but for the bigints that {@link decode} makes. */
export function wireJson(value: unknown): string {
  return textWithoutBigints(value) ?? withDigits(JSON.stringify(value, markBigint));
}

/** The text of a value; undefined where it holds a bigint, at which JSON.stringify throws. */
function textWithoutBigints(value: unknown, indent?: number): string | undefined {
  // A program may have taught bigints to become strings.
  if ("toJSON" in BigInt.prototype) return undefined;
  try {
    return JSON.stringify(value, null, indent);
  } catch (error) {
    if (isError(error) && error.name === "TypeError" && /bigint/i.test(error.message)) return undefined;
    throw error;
  }
}

/**
 * The value of a text that {@link encode} or another client wrote.
 * @throws SyntaxError where it is no JSON, RangeError where it is nested too deep for whoever goes on with it.
 */
export function decode(text: string): unknown {
  refuseTooDeep(text);
  if (!mayHoldSpelling(text) && !LONG_INTEGER.test(text)) return JSON.parse(text);
  return JSON.parse(withMarks(text), (_, item: unknown) =>
    typeof item === "string" && item.startsWith(MARK) ? markedNumber(item.slice(MARK.length)) : item,
  );
}

function markedNumber(text: string): number | bigint {
  return SPELLINGS.get(text) ?? BigInt(text);
}

/** A text too short to be that deep, as nearly every row is, costs nothing. */
function refuseTooDeep(text: string): void {
  if (text.length <= 2 * DEEPEST) return;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charCodeAt(at);
    if (letter === QUOTE) at = endOfString(text, at) - 1;
    else if (letter === OPEN_LIST || letter === OPEN_OBJECT) depth += 1;
    else if (letter === CLOSE_LIST || letter === CLOSE_OBJECT) depth -= 1;
    if (depth > DEEPEST) throw new RangeError(`it is nested more than ${DEEPEST} deep`);
  }
}

/** Whether a text may hold a non-finite number. */
export function mayHoldSpelling(text: string): boolean {
  return text.includes("NaN") || text.includes("Infinity");
}

function mark(this: unknown, key: string, item: unknown): unknown {
  if (typeof item === "number" && !Number.isFinite(item)) return `${MARK}number ${item}`;
  if (typeof item === "string" && SPELLINGS.has(item)) return `${MARK}string ${item}`;
  return markBigint.call(this, key, item);
}

/** `this` holds the item as it was before its toJSON, if it has one. */
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

/** The text with every spelling of a number, and every integer that a number would round, as a marked string. It goes string by string, as a spelling within one is text. */
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

/** Past the quote that closes the string: the first one that is not escaped. */
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
