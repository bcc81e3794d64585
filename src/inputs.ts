import { zStepMetric } from "../generated/schemas.js";
import type { Split } from "../generated/types.js";
import { isGiven, isObject } from "./objects.js";
import type { BodyOf, Input } from "./operations.js";
import { plain } from "./plain.js";

/** The metrics of one step. The named series are merged into `metrics`, over what stands there. */
export interface StepMetricInput {
  /** The training step, a whole number. */
  readonly step: number;
  /** The part of the data: train, val or test. Default `train`. */
  readonly split?: Split | null | undefined;
  /** The series `loss`. */
  readonly loss?: number | null | undefined;
  /** The series `accuracy`: a share of 1 or a percentage, as you like; it is charted as it comes. */
  readonly accuracy?: number | null | undefined;
  /** The series `learning_rate`. */
  readonly learning_rate?: number | null | undefined;
  /** The series `grad_norm`: the norm of the gradient. */
  readonly grad_norm?: number | null | undefined;
  /** The series `tokens_per_sec`: tokens a second. */
  readonly tokens_per_sec?: number | null | undefined;
  /** Any further series by name. NaN and the infinities are kept in the mirror and left out of what is sent. */
  readonly metrics?: Readonly<Record<string, number | null | undefined>> | null | undefined;
}

/** A checkpoint as a caller gives it: `is_final` is false unless said. */
export type CheckpointInput = Input<Omit<BodyOf<"addCheckpoint">, "is_final">> & {
  /** Whether it is the run's last. Default false. */
  readonly is_final?: boolean | null | undefined;
};

/** The series that a caller names outright; any other goes into `metrics`. */
const NAMED_SERIES: ReadonlySet<string> = new Set([
  "loss",
  "accuracy",
  "learning_rate",
  "grad_norm",
  "tokens_per_sec",
] satisfies (keyof StepMetricInput)[]);

/** A step's metrics as a caller may write them: what an error names as the fields that fit. */
export const stepMetricFields = zStepMetric.extend(
  Object.fromEntries([...NAMED_SERIES].map((name) => [name, zStepMetric.shape.step.optional()])),
);

type Fields = Readonly<Record<string, unknown>>;

/**
 * The body of a step's metrics. `data` is a copy of what the caller gave, and becomes part of it. It runs once a training
 * step, so it goes over the fields in a plain loop.
 */
export function stepMetricOf(data: Fields): Fields {
  const { step, split, metrics } = data;
  const series = isObject<Record<string, unknown>>(metrics) ? metrics : {};
  for (const name of Object.keys(series)) if (series[name] === null) delete series[name];
  // What does not look like series is passed on as it is: the schema says what is wrong with it.
  const body: Record<string, unknown> = {
    step: step ?? undefined,
    split: split ?? "train",
    metrics: isGiven(metrics) ? metrics : series,
  };
  for (const name of Object.keys(data)) {
    if (!isGiven(data[name])) continue;
    if (NAMED_SERIES.has(name)) series[name] = data[name];
    else if (!Object.hasOwn(body, name)) body[name] = data[name];
  }
  return body;
}

/** A body with defaults for what is not given. */
export function withDefaults(body: unknown, defaults: Fields): unknown {
  try {
    const data = plain("body", body);
    if (!isObject(data)) return data;
    return { ...defaults, ...Object.fromEntries(Object.entries(data).filter(([, value]) => isGiven(value))) };
  } catch {
    // What cannot be read is passed on as it is, to be refused by whoever can say of what method it is the body.
    return body;
  }
}
