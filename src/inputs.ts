import { zStepMetric } from "../generated/schemas.js";
import type { Split } from "../generated/types.js";
import { isObject } from "./objects.js";
import type { BodyOf, Input } from "./operations.js";

/** The metrics of one step. The named series are merged into `metrics`, over what stands there. */
export interface StepMetricInput {
  /** The training step, a whole number. */
  readonly step: number;
  /** The part of the data: train, val or test. Default `train`. */
  readonly split?: Split | null | undefined;
  readonly loss?: number | null | undefined;
  readonly accuracy?: number | null | undefined;
  readonly learning_rate?: number | null | undefined;
  readonly grad_norm?: number | null | undefined;
  readonly tokens_per_sec?: number | null | undefined;
  /** Any further series by name. NaN and the infinities are kept in the mirror and left out of what is sent. */
  readonly metrics?: Readonly<Record<string, number | null | undefined>> | null | undefined;
}

/** A checkpoint as a caller gives it: `is_final` is false unless said. */
export type CheckpointInput = Input<Omit<BodyOf<"addCheckpoint">, "is_final">> & {
  readonly is_final?: boolean | null | undefined;
};

/** The series that a caller names outright; any other goes into `metrics`. */
const NAMED_SERIES = ["loss", "accuracy", "learning_rate", "grad_norm", "tokens_per_sec"] as const;

/** A step's metrics as a caller may write them: what an error names as the fields that fit. */
export const stepMetricFields = zStepMetric.extend(
  Object.fromEntries(NAMED_SERIES.map((name) => [name, zStepMetric.shape.step.optional()])),
);

type Fields = Readonly<Record<string, unknown>>;

/**
 * The body of a step's metrics. What does not look like one is passed on as it is: the schema says what is wrong with it.
 */
export function stepMetricOf(input: StepMetricInput): unknown {
  if (!isObject(input)) return input;
  const { split, metrics, ...rest } = input;
  if (metrics !== undefined && metrics !== null && !isObject(metrics)) return { ...rest, split, metrics };
  const series: Record<string, unknown> = {};
  for (const [name, value] of Object.entries({ ...metrics })) if (isGiven(value)) series[name] = value;
  const others: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(rest)) {
    if (!NAMED_SERIES.some((known) => known === name)) others[name] = value;
    else if (isGiven(value)) series[name] = value;
  }
  return { ...others, split: split ?? "train", metrics: series };
}

/** A body with defaults for what is not given. */
export function withDefaults(body: unknown, defaults: Fields): unknown {
  if (!isObject(body)) return body;
  const given = Object.entries(body).filter(([, value]) => isGiven(value));
  return { ...defaults, ...Object.fromEntries(given) };
}

function isGiven(value: unknown): boolean {
  return value !== null && value !== undefined;
}
