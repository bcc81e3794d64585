import { REPRESENTABLE } from "./representable-values.js";
import { UNREPRESENTABLE } from "./unrepresentable-values.js";

/** A value that no schema expects, created anew for each case: some change when they are read. */
export interface UnusualValue {
  readonly name: string;
  readonly make: () => unknown;
  /** Whether JSON can represent it; undefined if that depends on when it is read. */
  readonly isRepresentable: boolean | undefined;
}

/** A getter with a different value each time. */
function changingGetter(): unknown {
  const values = ["text", 1n, () => {}, Number.NaN, undefined];
  let reads = 0;
  return Object.defineProperty({}, "moving", {
    enumerable: true,
    get: () => values[reads++ % values.length],
  });
}

/** The value that may or may not be representable, depending on when it is read. */
export const CHANGING_GETTER = "getter with changing values";

function named(values: Readonly<Record<string, () => unknown>>, isRepresentable: boolean): UnusualValue[] {
  return Object.entries(values).map(([name, make]) => ({ name, make, isRepresentable }));
}

export const UNUSUAL_VALUES: readonly UnusualValue[] = [
  ...named(REPRESENTABLE, true),
  ...named(UNREPRESENTABLE, false),
  { name: CHANGING_GETTER, make: changingGetter, isRepresentable: undefined },
];
