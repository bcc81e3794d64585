import type { OperationName } from "../../../src/index.js";
import { predictionsOf, toJson } from "./calls.js";

const SERIES = ["loss", "accuracy", "learning_rate", "grad_norm", "tokens_per_sec"];

type Fields = Readonly<Record<string, unknown>>;

/**
 * The body expected in the request: its JSON form, with the client's rules for null, defaults and the series of a step.
 * A value that is not an object is expected unchanged.
 */
export function expectedBody(name: OperationName, body: unknown): unknown {
  if (name === "logPredictions") {
    const rows: unknown = toJson(predictionsOf(body));
    return { predictions: Array.isArray(rows) ? rows.map((row) => (isFields(row) ? withoutNull(row) : row)) : rows };
  }
  const image: unknown = toJson(body);
  if (!isFields(image)) return image;
  const given = withoutNull(image);
  if (name === "addCheckpoint") return { is_final: false, ...given };
  return name === "logStepMetric" ? stepOf(given) : given;
}

function stepOf({ metrics = {}, ...given }: Fields): Fields {
  const isNamed = ([field]: [string, unknown]): boolean => SERIES.includes(field);
  const fields = Object.entries(given);
  const named = Object.fromEntries(fields.filter(isNamed));
  const others = Object.fromEntries(fields.filter((entry) => !isNamed(entry)));
  return { split: "train", ...others, metrics: isFields(metrics) ? { ...withoutNull(metrics), ...named } : metrics };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function withoutNull(object: Fields): Fields {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}
