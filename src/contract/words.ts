const LONGEST = 200;
const SHORT_KEY = 8;

/** Puts what a backend said into words that hold no API key and are not endless. */
export class Words {
  readonly #key: RegExp | undefined;

  constructor(apiKey: string | undefined) {
    if (apiKey === undefined) return;
    const written = [apiKey, JSON.stringify(apiKey).slice(1, -1), encodeURIComponent(apiKey)];
    const key = written.map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
    // A key of few letters must not eat the letters of other words.
    const isShort = apiKey.length < SHORT_KEY;
    this.#key = new RegExp(isShort ? `(?<![\\w-])(?:${key})(?![\\w-])` : key, "g");
  }

  /** A text without the key. */
  clean(text: string): string {
    return this.#key === undefined ? text : text.replace(this.#key, "[API key]");
  }

  /** A text on one line, without the key, cut where it is long. */
  short(text: string): string {
    // Cleaned before it is cut: a part of the key is not recognised any more.
    const line = this.clean(text.replace(/\s+/g, " ").trim());
    return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
  }

  /** A value as JSON. */
  value(value: unknown): string {
    return value === undefined ? "nothing" : this.short(JSON.stringify(value));
  }
}
