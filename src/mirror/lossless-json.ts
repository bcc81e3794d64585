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
const MARK = "\u0000evsys:";
const MARKED_STRING = /"\\u0000evsys:(NaN|-?Infinity)"/g;
const STRING_OR_WORD = /"(?:[^"\\]|\\.)*"(\s*:)?|-?\b(?:NaN|Infinity)\b/g;
const QUOTED_SPELLING = /^"(NaN|-?Infinity)"$/;

/** The text of a value. */
export function encode(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent);
  // JSON.stringify writes a non-finite number as null: without a null or a spelling there is nothing to keep apart.
  if (!text.includes("null") && !mayHoldSpelling(text)) return text;
  const marked = JSON.stringify(
    value,
    (_, item: unknown) => {
      if (typeof item === "number" && !Number.isFinite(item)) return MARK + item;
      return item;
    },
    indent,
  );
  const escaped = marked.replace(STRING_OR_WORD, (token, colon?: string) =>
    colon === undefined && QUOTED_SPELLING.test(token) ? escapeFirstLetter(token) : token,
  );
  return escaped.replace(MARKED_STRING, '"$1"');
}

/**
 * The value of a text that {@link encode} or another client wrote.
 * @throws SyntaxError where it is no JSON.
 */
export function decode(text: string): unknown {
  if (!mayHoldSpelling(text)) return JSON.parse(text);
  const marked = text.replace(STRING_OR_WORD, (token, colon?: string) => {
    if (colon !== undefined) return token;
    if (token.startsWith('"')) return token.replace(QUOTED_SPELLING, '"\\u0000evsys:$1"');
    return `"\\u0000evsys:${token}"`;
  });
  return JSON.parse(marked, (_, item: unknown) =>
    typeof item === "string" && item.startsWith(MARK) ? (SPELLINGS.get(item.slice(MARK.length)) ?? item) : item,
  );
}

/** Whether a text may hold a non-finite number. */
export function mayHoldSpelling(text: string): boolean {
  return text.includes("NaN") || text.includes("Infinity");
}

function escapeFirstLetter(token: string): string {
  const at = token.startsWith('"-') ? 2 : 1;
  const code = token.charCodeAt(at).toString(16).padStart(4, "0");
  return `${token.slice(0, at)}\\u${code}${token.slice(at + 1)}`;
}
