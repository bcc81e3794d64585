const MAX_CHARACTERS = 200;
const SHORT_KEY_CHARACTERS = 8;

/** Turns a backend's responses into short texts without the API key. */
export class TextRedactor {
  readonly #key: RegExp | undefined;

  constructor(apiKey: string | undefined) {
    if (apiKey === undefined) return;
    const written = [apiKey, JSON.stringify(apiKey).slice(1, -1), encodeURIComponent(apiKey)];
    const key = written.map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
    // A short key must not mangle other words.
    const isShort = apiKey.length < SHORT_KEY_CHARACTERS;
    this.#key = new RegExp(isShort ? `(?<![\\w-])(?:${key})(?![\\w-])` : key, "g");
  }

  /** Replaces the key in a text. */
  redact(text: string): string {
    return this.#key === undefined ? text : text.replace(this.#key, "[API key]");
  }

  /** A text on one line, without the key, truncated if it is long. */
  short(text: string): string {
    // Redacted before it is truncated, because part of a key would not be recognized.
    const line = this.redact(text.replace(/\s+/g, " ").trim());
    return line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS - 1)}…` : line;
  }

  /** A value as short JSON. */
  json(value: unknown): string {
    return value === undefined ? "nothing" : this.short(JSON.stringify(value));
  }
}
