import { KEPT } from "./kept.js";
import { UNKEPT } from "./unkept.js";

/** A value that no schema foresees, made anew for each case: some of them change when they are looked at. */
export interface Hostile {
  readonly name: string;
  readonly make: () => unknown;
  /** Whether JSON keeps it; undefined where nobody can say. */
  readonly isKept: boolean | undefined;
}

/** A getter that says something else each time. */
function shifting(): unknown {
  const answers = ["text", 1n, () => {}, Number.NaN, undefined];
  let reads = 0;
  return Object.defineProperty({}, "moving", {
    enumerable: true,
    get: () => answers[reads++ % answers.length],
  });
}

/** The name of what may be either, by the time that it is looked at. */
export const SHIFTING = "getter that shifts";

function named(values: Readonly<Record<string, () => unknown>>, isKept: boolean): Hostile[] {
  return Object.entries(values).map(([name, make]) => ({ name, make, isKept }));
}

export const HOSTILE: readonly Hostile[] = [
  ...named(KEPT, true),
  ...named(UNKEPT, false),
  { name: SHIFTING, make: shifting, isKept: undefined },
];
