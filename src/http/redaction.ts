/** What lies deeper is left out: a response of nothing but brackets must not exhaust the stack. */
const MAX_DEPTH = 100;

/** Removes the API key from a text. */
export type Redact = (text: string) => string;

/** Removes the key where it stands as a word of its own: a key of one letter must not eat the letters of others. */
export function redactor(apiKey: string | undefined): Redact {
  if (apiKey === undefined) return (text) => text;
  const key = apiKey.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const word = new RegExp(`(?<![\\w-])${key}(?![\\w-])`, "g");
  return (text) => text.replace(word, "[API key]");
}

/** Removes the key from a parsed response. Redacting its text would break JSON: a short key may be part of JSON's own words. */
export function redactedJson(value: unknown, redact: Redact, depth = MAX_DEPTH): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return "…";
  if (Array.isArray(value)) return value.map((item) => redactedJson(item, redact, depth - 1));
  const entries = Object.entries(value).map(([key, item]) => [redact(key), redactedJson(item, redact, depth - 1)]);
  return Object.fromEntries(entries);
}
