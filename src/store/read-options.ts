import * as z from "zod";
import { zSplit } from "../../generated/schemas.js";
import type { Split } from "../../generated/types.js";
import { EvsysValidationError } from "../errors.js";
import { issueAt, validated } from "../util/validation.js";

/** Which rows of a stream to read. */
export interface ReadOptions {
  /** The first step, a whole number. Rows without a step are left out. Default: no limit. */
  readonly from?: number | undefined;
  /** The last step, a whole number; it is included. Rows without a step are left out. Default: no limit. */
  readonly to?: number | undefined;
  /** Whether to yield only the last of the rows that were logged for the same thing. Default: false, every row. */
  readonly last?: boolean | undefined;
}

/** Which evals to read, and which of their series. */
export interface EvalReadOptions extends ReadOptions {
  /** The series to read, by name. Rows that have none of them are left out. Default: all. */
  readonly series?: string | readonly string[] | undefined;
}

/** Which metrics to read. */
export interface MetricReadOptions extends EvalReadOptions {
  /** The part of the data: train, val or test. Default: all. */
  readonly split?: Split | undefined;
}

const step = z.int().optional();
const range = { from: step, to: step, last: z.boolean().optional() };
const series = z
  .union([z.string(), z.array(z.string()).min(1)], { error: "expected the name of a series, or a list of names" })
  .optional();

/** By stream. */
const READ_OPTIONS = {
  metrics: z.strictObject({ series, split: zSplit.optional(), ...range }),
  evals: z.strictObject({ series, ...range }),
  checkpoints: z.strictObject(range),
  predictions: z.strictObject(range),
} as const;

/** @throws EvsysValidationError naming each invalid option. */
export function validReadOptions(stream: keyof typeof READ_OPTIONS, options: MetricReadOptions): MetricReadOptions {
  const subject = `${stream} options`;
  const valid: MetricReadOptions = validated(subject, READ_OPTIONS[stream], options);
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = valid;
  if (from > to)
    throw new EvsysValidationError(subject, [issueAt(["from"], `expected at most to, ${to}; got ${from}`)]);
  return valid;
}
