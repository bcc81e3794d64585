import { randomUUID } from "node:crypto";

/**
 * JSON that keeps NaN, Infinity and -Infinity. Written, they are the strings "NaN", "Infinity" and "-Infinity"; a real
 * string of that spelling is written with an escape, so that the two stay apart. Read, the bare words of Python's json
 * are taken as well. Everything else is plain JSON, and pays one glance at the text for it.
 */
const SPELLINGS: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);
/** No text of anybody's holds it. */
const MARK = randomUUID();
/**
 * No client writes anything near it, Python's json reads about 1,000; far beyond it, whoever walks a value exhausts the
 * stack.
 */
const DEEPEST = 2_000;
const [QUOTE, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x5b, 0x5d, 0x7b, 0x7d];
const QUOTED_SPELLING = /^"(NaN|-?Infinity)"$/;
const BARE_SPELLING = /(?<![\w.+-])(NaN|-?Infinity)(?![\w.])(?!\s*:)/g;

/** The text of a value. */
export function encode(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent);
  // JSON.stringify writes a non-finite number as null: without a null or a spelling there is nothing to keep apart.
  if (!text.includes("null") && !mayHoldSpelling(text)) return text;
  let marked = JSON.stringify(value, mark, indent);
  for (const spelling of SPELLINGS.keys()) {
    marked = marked.replaceAll(`"${MARK}number ${spelling}"`, `"${spelling}"`);
    marked = marked.replaceAll(`"${MARK}string ${spelling}"`, `"${escapedSpelling(spelling)}"`);
  }
  return marked;
}

/**
 * The value of a text that {@link encode} or another client wrote.
 * @throws SyntaxError where it is no JSON, RangeError where it is nested too deep for whoever goes on with it.
 */
export function decode(text: string): unknown {
  refuseTooDeep(text);
  if (!mayHoldSpelling(text)) return JSON.parse(text);
  return JSON.parse(withMarks(text), (_, item: unknown) =>
    typeof item === "string" && item.startsWith(MARK) ? SPELLINGS.get(item.slice(MARK.length)) : item,
  );
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

function mark(_: string, item: unknown): unknown {
  if (typeof item === "number" && !Number.isFinite(item)) return `${MARK}number ${item}`;
  return typeof item === "string" && SPELLINGS.has(item) ? `${MARK}string ${item}` : item;
}

function escapedSpelling(spelling: string): string {
  return spelling.replace(/[NI]/, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);
}

/** The text with every spelling of a number as a marked string. It goes string by string, as a spelling within one is text. */
function withMarks(text: string): string {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const quote = text.indexOf('"', at);
    const start = quote === -1 ? text.length : quote;
    pieces.push(text.slice(at, start).replace(BARE_SPELLING, `"${MARK}$1"`));
    if (quote === -1) break;
    const end = endOfString(text, quote);
    const string = text.slice(quote, end);
    pieces.push(isKey(text, end) ? string : string.replace(QUOTED_SPELLING, `"${MARK}$1"`));
    at = end;
  }
  return pieces.join("");
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
