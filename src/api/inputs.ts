import { zStepMetric } from "../../generated/schemas.js";
import type { Split } from "../../generated/types.js";
import { EvsysValidationError } from "../errors.js";
import { isGiven, isObject } from "../util/objects.js";
import { preview } from "../util/preview.js";
import { issueAt } from "../util/validation.js";
import { toJsonValue } from "./json-value.js";
import type { BodyOf, Input } from "./routes.js";

/** The metrics of one step. The named series are merged into `metrics`; a series given twice must have the same value. */
export interface StepMetricInput {
  /** The training step, an integer. */
  readonly step: number;
  /** The data split: train, val or test. Default `train`. */
  readonly split?: Split | null | undefined;
  /** The series `loss`. */
  readonly loss?: number | null | undefined;
  /** The series `accuracy`, as a fraction or a percentage; it is charted as given. */
  readonly accuracy?: number | null | undefined;
  /** The series `learning_rate`. */
  readonly learning_rate?: number | null | undefined;
  /** The series `grad_norm`: the gradient norm. */
  readonly grad_norm?: number | null | undefined;
  /** The series `tokens_per_sec`: tokens per second. */
  readonly tokens_per_sec?: number | null | undefined;
  /** Further series by name. NaN and infinities are stored in the mirror but not sent. */
  readonly metrics?: Readonly<Record<string, number | null | undefined>> | null | undefined;
}

/** The body of `addCheckpoint`, with `is_final` optional. */
export type CheckpointInput = Input<Omit<BodyOf<"addCheckpoint">, "is_final">> & {
  /** Whether it is the run's final checkpoint. Default false. */
  readonly is_final?: boolean | null | undefined;
};

/** The data splits that the schema knows. */
export const SPLITS: ReadonlySet<unknown> = new Set(zStepMetric.shape.split.options);

/** The series with a field of their own; all others belong in `metrics`. */
export const NAMED_SERIES: ReadonlySet<string> = new Set([
  "loss",
  "accuracy",
  "learning_rate",
  "grad_norm",
  "tokens_per_sec",
] satisfies (keyof StepMetricInput)[]);

/** The schema of `StepMetricInput`, from which an error takes the known fields. */
export const stepMetricFields = zStepMetric.extend(
  Object.fromEntries([...NAMED_SERIES].map((name) => [name, zStepMetric.shape.step.optional()])),
);

type Fields = Readonly<Record<string, unknown>>;

/**
 * The request body of a step's metrics. `data` is a copy of the caller's input and becomes part of the body.
 * @throws EvsysValidationError if a series is given twice with different values.
 */
export function stepMetricOf(data: Fields): Fields {
  const { step, split, metrics } = data;
  const series = isObject<Record<string, unknown>>(metrics) ? metrics : {};
  for (const name of Object.keys(series)) if (series[name] === null) delete series[name];
  // If `metrics` is not an object, the schema reports it.
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
    const message = `given twice: ${preview(value)} by name and ${preview(other)} in metrics; give one of them`;
    throw new EvsysValidationError("logStepMetric", [issueAt([name], message)]);
  }
  series[name] = value;
}

/** A body with defaults for the fields that are absent. */
export function withDefaults(body: unknown, defaults: Fields): unknown {
  try {
    const data = toJsonValue("body", body);
    if (!isObject(data)) return data;
    return { ...defaults, ...Object.fromEntries(Object.entries(data).filter(([, value]) => isGiven(value))) };
  } catch {
    // The method that receives the body reports the error under its own name.
    return body;
  }
}
