import { zStepMetric } from "../../generated/schemas.js";
import { NAMED_SERIES } from "./inputs.js";

const { step: STEP, split: SPLIT } = zStepMetric.shape;
const MIN_STEP = STEP.minValue ?? Number.MIN_SAFE_INTEGER;
const MAX_STEP = STEP.maxValue ?? Number.MAX_SAFE_INTEGER;
const DEFAULT_SPLIT = "train";
/** The JSON text between the step and its series, by split. */
const SPLIT_TEXTS = new Map<unknown, string>(
  SPLIT.options.map((split) => [split, `,"split":${JSON.stringify(split)},"metrics":{`]),
);
/** A changed schema needs the full validation. */
const IS_KNOWN_SCHEMA = Object.keys(zStepMetric.shape).join() === "step,split,metrics";

/** The JSON text of each series name, with its colon. Bounded, because callers may generate names. */
const nameTexts = new Map<string, string>();
const MAX_NAMES = 1_000;

/**
 * The fast path for `logStepMetric`: the mirror line of a plain object with only known fields, an integer step and finite
 * series. Returns undefined for any other input, which needs the full validation; both yield the same text.
 *
 * It runs for every training step, so it neither copies the input nor runs a schema. Each field is read once.
 */
export function finiteStepLine(input: unknown): string | undefined {
  try {
    return IS_KNOWN_SCHEMA && isPlain(input) ? textOf(input) : undefined;
  } catch {
    // A getter or a proxy has thrown: the full validation reports it.
    return undefined;
  }
}

function textOf(input: object): string | undefined {
  let [step, split, metrics]: unknown[] = [];
  let named = "";
  const names: string[] = [];
  for (const name of Object.keys(input)) {
    const value: unknown = Reflect.get(input, name);
    if (name === "step") step = value;
    else if (name === "split") split = value;
    else if (name === "metrics") metrics = value;
    else if (!NAMED_SERIES.has(name)) return undefined;
    else if (isFiniteNumber(value)) {
      named += `${nameText(name)}${value},`;
      names.push(name);
    } else if (value !== undefined && value !== null) return undefined;
  }
  if (!isFiniteNumber(step) || !Number.isInteger(step) || step < MIN_STEP || step > MAX_STEP) return undefined;
  const splitText = SPLIT_TEXTS.get(split ?? DEFAULT_SPLIT);
  const series = metricsText(metrics, names);
  if (splitText === undefined || series === undefined) return undefined;
  const text = series + named;
  return text === "" ? undefined : `{"step":${step}${splitText}${text.slice(0, -1)}}}`;
}

/** The series of `metrics`, each followed by a comma; undefined if they need the full validation. */
function metricsText(metrics: unknown, named: readonly string[]): string | undefined {
  if (metrics === undefined || metrics === null) return "";
  if (!isPlain(metrics)) return undefined;
  let text = "";
  for (const name of Object.keys(metrics)) {
    if (name === "__proto__") return undefined;
    const value: unknown = Reflect.get(metrics, name);
    if (value === undefined || value === null) continue;
    if (!isFiniteNumber(value) || named.includes(name)) return undefined;
    text += `${nameText(name)}${value},`;
  }
  return text;
}

function nameText(name: string): string {
  const known = nameTexts.get(name);
  if (known !== undefined) return known;
  const text = `${JSON.stringify(name)}:`;
  if (nameTexts.size < MAX_NAMES) nameTexts.set(name, text);
  return text;
}

function isPlain(value: unknown): value is object {
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
