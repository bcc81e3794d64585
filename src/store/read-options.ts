import * as z from "zod";
import { zSplit } from "../../generated/schemas.js";
import type { Split } from "../../generated/types.js";
import { EvsysValidationError } from "../errors.js";
import { issueAt, validated } from "../util/validation.js";

/** Options that select rows of a stream. */
export interface ReadOptions {
  /** The first step, an integer. Rows without a step are left out. Default: no limit. */
  readonly from?: number | undefined;
  /** The last step, an integer, inclusive. Rows without a step are left out. Default: no limit. */
  readonly to?: number | undefined;
  /** Whether to yield only the last row of those with the same identity, such as step and split. Default: false, all rows. */
  readonly last?: boolean | undefined;
}

/** Options that select evals and their series. */
export interface EvalReadOptions extends ReadOptions {
  /** The names of the series to read. Rows without any of them are left out. Default: all. */
  readonly series?: string | readonly string[] | undefined;
}

/** Options that select metrics. */
export interface MetricReadOptions extends EvalReadOptions {
  /** The data split: train, val or test. Default: all. */
  readonly split?: Split | undefined;
}

const step = z.int().optional();
const range = { from: step, to: step, last: z.boolean().optional() };
const series = z
  .union([z.string(), z.array(z.string()).min(1)], { error: "expected the name of a series, or an array of names" })
  .optional();

const READ_OPTIONS = {
  metrics: z.strictObject({ series, split: zSplit.optional(), ...range }),
  evals: z.strictObject({ series, ...range }),
  checkpoints: z.strictObject(range),
  predictions: z.strictObject(range),
} as const;

/**
 * Validates read options.
 * @throws EvsysValidationError naming each invalid option.
 */
export function validReadOptions(stream: keyof typeof READ_OPTIONS, options: MetricReadOptions): MetricReadOptions {
  const subject = `${stream} options`;
  const valid: MetricReadOptions = validated(subject, READ_OPTIONS[stream], options);
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = valid;
  if (from > to)
    throw new EvsysValidationError(subject, [issueAt(["from"], `expected at most to, ${to}; got ${from}`)]);
  return valid;
}
