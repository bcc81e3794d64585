import type { Hostile } from "./hostile.js";

/** Values of everyday that stand in the wrong place. */
export const EVERYDAY: readonly Hostile[] = [
  true,
  0,
  1,
  -1,
  1e-7,
  "text",
  "1",
  "train",
  "eval",
  "running",
  [],
  [1],
  ["a"],
  [[]],
  [{}],
  {},
  { a: 1 },
  { a: "x" },
  { a: null },
].map((value) => ({ name: JSON.stringify(value), make: () => structuredClone(value), isKept: true }));
