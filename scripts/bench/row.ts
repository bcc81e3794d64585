/** What a row is held against: its ratio to the floor, or its own number. */
export interface Goal {
  readonly of: "ratio" | "ours";
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** A number as a row shows it. */
export type Unit = "µs" | "ms" | "rows/s" | "MB" | "rows" | "files";

/** One line of the table. */
export interface Row {
  readonly measure: string;
  readonly unit: Unit;
  /** What the bare parts take for the same work; undefined where there is nothing to compare with. */
  readonly floor?: number;
  readonly ours: number;
  /** The median of the ratios of all rounds: not the ratio of the medians. */
  readonly ratio?: number;
  readonly ratios?: readonly number[];
  /** Whether it is another program's, which is shown and not judged. */
  readonly isPeer?: boolean;
  readonly goal?: Goal;
  /** What the number rests on, or what it buys. */
  readonly note?: string;
}

/** Whether a row reaches its goal; undefined where it has none. */
export function isReached({ goal, ratio, ours }: Row): boolean | undefined {
  if (goal === undefined) return undefined;
  const value = goal.of === "ratio" ? ratio : ours;
  if (value === undefined) return false;
  return value <= (goal.atMost ?? Number.POSITIVE_INFINITY) && value >= (goal.atLeast ?? Number.NEGATIVE_INFINITY);
}
