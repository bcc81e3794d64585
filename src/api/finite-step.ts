import { zStepMetric } from "../../generated/schemas.js";
import { NAMED_SERIES, SPLITS } from "./inputs.js";

const { step: STEP } = zStepMetric.shape;
const MIN_STEP = STEP.minValue ?? Number.MIN_SAFE_INTEGER;
const MAX_STEP = STEP.maxValue ?? Number.MAX_SAFE_INTEGER;
const DEFAULT_SPLIT = "train";
/** A changed schema needs the full validation. */
const IS_KNOWN_SCHEMA = Object.keys(zStepMetric.shape).join() === "step,split,metrics";

type Series = Record<string, number>;

/**
 * The fast path for `logStepMetric`: the mirror line of a plain object with only known fields, an integer step and finite
 * series. Returns undefined for any other input, which needs the full validation; both yield the same text.
 *
 * It runs for every training step, so it runs no schema. Each field is read once.
 */
export function finiteStepLine(input: unknown): string | undefined {
  try {
    return IS_KNOWN_SCHEMA && isPlain(input) ? lineOf(input) : undefined;
  } catch {
    // A getter or a proxy has thrown: the full validation reports it.
    return undefined;
  }
}

function lineOf(input: Readonly<Record<string, unknown>>): string | undefined {
  let step: unknown;
  let split: unknown;
  let given: unknown;
  const named: Series = {};
  for (const name of Object.keys(input)) {
    const value = input[name];
    if (name === "step") step = value;
    else if (name === "split") split = value ?? undefined;
    else if (name === "metrics") given = value ?? undefined;
    else if (!NAMED_SERIES.has(name)) return undefined;
    else if (isFiniteNumber(value)) named[name] = value;
    else if (value !== undefined && value !== null) return undefined;
  }
  if (!isFiniteNumber(step) || !Number.isInteger(step) || step < MIN_STEP || step > MAX_STEP) return undefined;
  if (split !== undefined && !SPLITS.has(split)) return undefined;
  const metrics = given === undefined ? named : merged(given, named);
  if (metrics === undefined || Object.keys(metrics).length === 0) return undefined;
  // Twice as fast as formatting the numbers one by one.
  return JSON.stringify({ step, split: split ?? DEFAULT_SPLIT, metrics });
}

/** The series of `metrics`, then the named ones; undefined if they need the full validation. */
function merged(given: unknown, named: Series): Series | undefined {
  if (!isPlain(given)) return undefined;
  const metrics: Series = {};
  for (const name of Object.keys(given)) {
    if (name === "__proto__") return undefined;
    const value = given[name];
    if (isFiniteNumber(value)) metrics[name] = value;
    else if (value !== undefined && value !== null) return undefined;
  }
  for (const name of Object.keys(named)) if (Object.hasOwn(metrics, name)) return undefined;
  return Object.assign(metrics, named);
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype &&
    !("toJSON" in value)
  );
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === "number" && value - value === 0;
}
