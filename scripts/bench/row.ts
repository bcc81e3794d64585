/** The goal of a row: for its ratio to the floor, or for its own number. */
export interface Goal {
  readonly of: "ratio" | "ours";
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** The unit of a number. */
export type Unit = "µs" | "ms" | "rows/s" | "MB" | "rows" | "files";

/** One line of the table. */
export interface BenchRow {
  readonly measure: string;
  readonly unit: Unit;
  /** The minimum cost of the same work; undefined if there is nothing to compare with. */
  readonly floor?: number;
  readonly ours: number;
  /** The median of the ratios of all rounds: not the ratio of the medians. */
  readonly ratio?: number;
  readonly ratios?: readonly number[];
  /** Whether it is another program's: it has no goal. */
  readonly isPeer?: boolean;
  readonly goal?: Goal;
  /** The conditions of the number. */
  readonly note?: string;
}

/** Whether a row reaches its goal; undefined without one. */
export function isReached({ goal, ratio, ours }: BenchRow): boolean | undefined {
  if (goal === undefined) return undefined;
  const value = goal.of === "ratio" ? ratio : ours;
  if (value === undefined) return false;
  return value <= (goal.atMost ?? Number.POSITIVE_INFINITY) && value >= (goal.atLeast ?? Number.NEGATIVE_INFINITY);
}
