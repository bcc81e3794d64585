import { type WantedIds, wantedIds } from "../mirrors/run-selection.js";
import { type ParsedArguments, UsageError } from "../terminal/arguments.js";

const DEFAULT_LIMIT = 20;
const SELECTING = ["run", "experiment", "failed", "summary", "limit"] as const;

/** The options of `evsys-sdk status`. */
export interface StatusOptions {
  readonly wanted: WantedIds;
  /** Show only failed runs and experiments. */
  readonly isFailedOnly: boolean;
  /** Show counts instead of experiments and runs. */
  readonly isSummary: boolean;
  /** The maximum number of runs to show. With --run or --json, the default is unlimited. */
  readonly limit: number;
  /** The maximum number of runs with a curve. */
  readonly curves: number;
  /** The ids of the runs to compare; empty to list runs. */
  readonly compared: readonly string[];
  readonly isJson: boolean;
}

/**
 * Reads the options of `evsys-sdk status`.
 * @throws UsageError for an invalid limit, fewer than two runs to compare, and options that exclude each other.
 */
export function statusOptions(given: ParsedArguments): StatusOptions {
  const compared = [...new Set(given.texts("compare"))];
  const limit = given.number("limit", 1, "integer");
  const wanted = wantedIds(given);
  if (given.has("compare")) {
    if (compared.length < 2)
      throw new UsageError(`--compare requires the ids of two or more runs, got ${compared.length}.`);
    const other = SELECTING.find((option) => given.has(option));
    if (other !== undefined) throw new UsageError(`--${other} and --compare cannot be combined.`);
  }
  if (given.has("summary") && limit !== undefined) throw new UsageError("--limit and --summary cannot be combined.");
  const isUnlimited = given.has("json") || wanted.runs.length > 0;
  return {
    wanted,
    isFailedOnly: given.has("failed"),
    isSummary: given.has("summary"),
    limit: limit ?? (isUnlimited ? Number.POSITIVE_INFINITY : DEFAULT_LIMIT),
    curves: limit ?? DEFAULT_LIMIT,
    compared,
    isJson: given.has("json"),
  };
}
