/** Deeper values are left out: a response of nothing but brackets must not exhaust the stack. */
const MAX_DEPTH = 100;

/** Replaces the API key in a text. */
export type Redact = (text: string) => string;

/** Creates a function that replaces the key where it is a whole word: a one-letter key must not mangle other words. */
export function redactor(apiKey: string | undefined): Redact {
  if (apiKey === undefined) return (text) => text;
  const key = apiKey.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const word = new RegExp(`(?<![\\w-])${key}(?![\\w-])`, "g");
  return (text) => text.replace(word, "[API key]");
}

/** Redacts a parsed response. Redacting its text could break the JSON, because a short key may be part of `true` or `null`. */
export function redactedJson(value: unknown, redact: Redact, depth = MAX_DEPTH): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return "…";
  if (Array.isArray(value)) return value.map((item) => redactedJson(item, redact, depth - 1));
  const entries = Object.entries(value).map(([key, item]) => [redact(key), redactedJson(item, redact, depth - 1)]);
  return Object.fromEntries(entries);
}
