import { type WantedIds, wantedIds } from "../mirrors/run-selection.js";
import { type ParsedArguments, UsageError } from "../terminal/arguments.js";

/** How many runs are shown unless it is said. */
const USUAL_LIMIT = 20;
const SELECTING = ["run", "experiment", "failed", "summary", "limit"] as const;

/** What of mirrors to show. */
export interface StatusOptions {
  readonly wanted: WantedIds;
  /** Only what has failed. */
  readonly isFailedOnly: boolean;
  /** Counts in place of experiments and runs. */
  readonly isSummary: boolean;
  /** How many runs to show at the most. Infinite with --run, and with --json, unless it is given. */
  readonly limit: number;
  /** For how many runs to read the whole curve. */
  readonly curves: number;
  /** The runs to show side by side; none where runs are listed. */
  readonly compared: readonly string[];
  readonly isJson: boolean;
}

/**
 * Reads the options of `evsys-sdk status`.
 * @throws UsageError for a limit that is no number, fewer than two runs to compare, and options that exclude each other.
 */
export function statusOptions(given: ParsedArguments): StatusOptions {
  const compared = [...new Set(given.texts("compare"))];
  const limit = given.number("limit", 1, "integer");
  const wanted = wantedIds(given);
  if (given.has("compare")) {
    if (compared.length < 2)
      throw new UsageError(`--compare takes the ids of two or more runs, not of ${compared.length}.`);
    const other = SELECTING.find((option) => given.has(option));
    if (other !== undefined) throw new UsageError(`--${other} does not go with --compare.`);
  }
  if (given.has("summary") && limit !== undefined) throw new UsageError("--limit does not go with --summary.");
  const isUnlimited = given.has("json") || wanted.runs.length > 0;
  return {
    wanted,
    isFailedOnly: given.has("failed"),
    isSummary: given.has("summary"),
    limit: limit ?? (isUnlimited ? Number.POSITIVE_INFINITY : USUAL_LIMIT),
    curves: limit ?? USUAL_LIMIT,
    compared,
    isJson: given.has("json"),
  };
}
