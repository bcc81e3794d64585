import { zStepMetric } from "../../generated/schemas.js";
import type { Split } from "../../generated/types.js";
import { EvsysValidationError } from "../errors.js";
import { isGiven, isObject } from "../util/objects.js";
import { issueAt, shown } from "../util/validation.js";
import { plain } from "./json-value.js";
import type { BodyOf, Input } from "./routes.js";

/** The metrics of one step. The named series join those of `metrics`; a series given twice must have the same value. */
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
export const NAMED_SERIES: ReadonlySet<string> = new Set([
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
 * The body of a step's metrics. `data` is a copy of the caller's input, and becomes part of the body.
 * @throws EvsysValidationError if a series is given twice with different values.
 */
export function stepMetricOf(data: Fields): Fields {
  const { step, split, metrics } = data;
  const series = isObject<Record<string, unknown>>(metrics) ? metrics : {};
  for (const name of Object.keys(series)) if (series[name] === null) delete series[name];
  // The schema reports what is wrong with `metrics` that are no object.
  const body: Record<string, unknown> = {
    step: step ?? undefined,
    split: split ?? "train",
    metrics: isGiven(metrics) ? metrics : series,
  };
  for (const name of Object.keys(data)) {
    if (!isGiven(data[name])) continue;
    if (NAMED_SERIES.has(name)) addSeries(series, name, data[name]);
    else if (!Object.hasOwn(body, name)) body[name] = data[name];
  }
  return body;
}

function addSeries(series: Record<string, unknown>, name: string, value: unknown): void {
  const other = Object.hasOwn(series, name) ? series[name] : value;
  if (other !== value && !Object.is(other, value)) {
    const message = `given twice: ${shown(value)} by name and ${shown(other)} in metrics; give one of them`;
    throw new EvsysValidationError("logStepMetric", [issueAt([name], message)]);
  }
  series[name] = value;
}

/** A body with defaults for fields that are not given. */
export function withDefaults(body: unknown, defaults: Fields): unknown {
  try {
    const data = plain("body", body);
    if (!isObject(data)) return data;
    return { ...defaults, ...Object.fromEntries(Object.entries(data).filter(([, value]) => isGiven(value))) };
  } catch {
    // The method that takes the body refuses it under its own name.
    return body;
  }
}
