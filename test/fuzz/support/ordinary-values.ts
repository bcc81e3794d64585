import type { UnusualValue } from "./unusual-values.js";

/** Ordinary values, inserted where they may not belong. */
export const ORDINARY_VALUES: readonly UnusualValue[] = [
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
].map((value) => ({ name: JSON.stringify(value), make: () => structuredClone(value), isRepresentable: true }));
