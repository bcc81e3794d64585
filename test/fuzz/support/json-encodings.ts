import { gzipSync } from "node:zlib";

/** Ways to encode a JSON text, some of them invalid. */
export const ENCODINGS: Readonly<Record<string, (text: string) => string | Buffer>> = {
  plain: (text) => text,
  padded: (text) => `\r\n\t ${text} \n`,
  "with a mark": (text) => `\ufeff${text}`,
  "with two marks": (text) => `\ufeff\ufeff${text}`,
  "with more after it": (text) => `${text}x`,
  twice: (text) => text + text,
  "half of it": (text) => text.slice(0, -Math.ceil(text.length / 2)),
  "but the last letter": (text) => text.slice(0, -1),
  "with broken letters": (text) => Buffer.from(text.replaceAll(/[a-z]"/g, '\xff\xc0"'), "latin1"),
  "with half letters": (text) => Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0xe2, 0x82])]),
  utf16: (text) => Buffer.from(text, "utf16le"),
  gzip: (text) => gzipSync(text),
  "with NaN": (text) => text.replace(/true|null|\d+/, "NaN"),
  "in quotes": (text) => JSON.stringify(text),
  "in a list": (text) => `[${text}]`,
  "with a second ok that is true": (text) => text.replace(/}$/, ',"ok":true}'),
  "with a second ok that is false": (text) => text.replace(/}$/, ',"ok":false}'),
  "with __proto__": (text) => text.replace(/^{/, '{"__proto__":{"ok":true,"id":"p","patched":[]},'),
  "all in __proto__": (text) => `{"__proto__":${text}}`,
  "with depth": (text) =>
    text.replace(/}$/, `${text === "{}" ? "" : ","}"deep":${"[".repeat(20_000)}${"]".repeat(20_000)}}`),
  "deep details": () => `{"detail":${'{"a":'.repeat(9_000)}1${"}".repeat(9_000)}}`,
  "deep lists": () => `${"[".repeat(30_000)}${"]".repeat(30_000)}`,
  nothing: () => "",
  html: () => "<!doctype html><h1>Please log in</h1>",
  long: (text) => text.replace(/}$/, `${text === "{}" ? "" : ","}"more":"${"é".repeat(20_000)}"}`),
  noise: () => Buffer.from(Array.from({ length: 300 }, (_, at) => (at * 7919) % 256)),
};
