import fc from "fast-check";
import { UNUSUAL_VALUES } from "./unusual-values.js";

const PIECES = [
  "..",
  ".",
  "/",
  "\\",
  "\0",
  "\n",
  "%2e",
  "%2f",
  "%",
  "~",
  "..;",
  "C:",
  "a",
  "é",
  "e\u0301",
  "\u2024",
  "\uff0f",
];
const MORE = [
  "\u202e",
  "\ud800",
  "\udc00",
  " ",
  "-rf",
  "*",
  "?",
  "#",
  "&",
  "__proto__",
  "CON",
  "nul.txt",
  "$HOME",
  "`",
  "'",
  '"',
];

/** Paths, arbitrary text, and values that are not strings. */
const text = fc.oneof(
  fc.array(fc.constantFrom(...PIECES, ...MORE), { maxLength: 6 }).map((pieces) => pieces.join("")),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({ unit: "grapheme", minLength: 40, maxLength: 230 }),
  fc.constantFrom("x".repeat(199), "x".repeat(201), "é".repeat(100), "é".repeat(101), "😀".repeat(50), "😀".repeat(51)),
);
const noText = fc.constantFrom(...UNUSUAL_VALUES.map(({ name }) => name)).map((name) => ({ unusual: name }));
/** An id, as printed on failure. */
export const anyId: fc.Arbitrary<Id> = fc.oneof({ weight: 6, arbitrary: text }, noText);

export type Id = string | { readonly unusual: string };

export function made(id: Id): unknown {
  return typeof id === "string" ? id : UNUSUAL_VALUES.find(({ name }) => name === id.unusual)?.make();
}
