import type { Split } from "../../generated/types.js";
import { type CallOptions, timeoutOf } from "../api/call-options.js";
import { EvsysValidationError } from "../errors.js";
import { isGiven, isObject } from "../util/objects.js";
import { isPlainObject, preview } from "../util/preview.js";
import { issueAt } from "../util/validation.js";

/** Named series of one step. */
export type Series = Readonly<Record<string, number | null | undefined>>;
type StepOptions = CallOptions & { readonly split?: Split | undefined };
/** A call that leaves the step to the run's own counter. */
export type CountedStep = [metrics: Series, options?: StepOptions];
/** A call that names its step. */
export type NamedStep = [step: number, metrics: Series, options?: StepOptions];

const STEP_FIRST = "the step goes first: logStep(3, { loss })";
const SPLIT_LAST = 'give the split as third argument: { split: "val" }';

/** The arguments of a call of `logStep` by name. */
interface StepCall {
  /** Undefined if the run's own counter gives the step. */
  readonly named: number | undefined;
  readonly metrics: Series;
  readonly split: Split;
  readonly timeoutMs: number | undefined;
}

/**
 * Sorts out the arguments of `logStep`. It runs once a training step, so it copies nothing.
 * @throws EvsysValidationError for an argument in the wrong place, which would log other data than was meant and which the
 * schema cannot detect.
 */
export function stepOf(call: CountedStep | NamedStep): StepCall {
  const mistake = isCounted(call) ? inCounted(call) : inNamed(call);
  if (mistake !== undefined) throw new EvsysValidationError("run.logStep", [issueAt([], mistake)]);
  const [named, metrics, options] = isCounted(call) ? [undefined, ...call] : call;
  const { split, timeoutMs } = options ?? {};
  return {
    named,
    metrics,
    split: split ?? "train",
    timeoutMs: timeoutMs === undefined ? undefined : timeoutOf("run.logStep", { timeoutMs }),
  };
}

function isCounted(call: CountedStep | NamedStep): call is CountedStep {
  return isObject(call[0]);
}

function inCounted(call: readonly unknown[]): string | undefined {
  if (typeof call[1] === "number") return STEP_FIRST;
  if (call.length > 2) return `expected the series and { split } at most, got ${call.length} arguments`;
  return inSeries(call[0]) ?? inOptions(call[1], 'give the split as second argument: { split: "val" }');
}

function inNamed(call: readonly unknown[]): string | undefined {
  if (typeof call[0] !== "number") return `step: expected an integer, got ${preview(call[0])}; ${STEP_FIRST}`;
  if (!isObject(call[1])) return `expected the series as second argument, such as { loss }, got ${preview(call[1])}`;
  if (call.length > 3) return `expected the step, the series and { split } at most, got ${call.length} arguments`;
  return inSeries(call[1]) ?? inOptions(call[2], SPLIT_LAST);
}

function inSeries(series: unknown): string | undefined {
  if (!isObject(series)) return undefined;
  if (Object.hasOwn(series, "step")) return STEP_FIRST;
  if (typeof series.split === "string") return SPLIT_LAST;
  for (const _ in series) return undefined;
  return `expected at least one series, such as { loss }, got ${preview(series)}`;
}

function inOptions(options: unknown, hint: string): string | undefined {
  if (!isGiven(options)) return undefined;
  if (!isObject(options) || !isPlainObject(options)) return `${hint}, not ${preview(options)}`;
  for (const name in options) {
    if (name !== "split" && name !== "timeoutMs") return `${name}: unknown option; ${hint}`;
  }
  return undefined;
}
