import type { OperationName } from "../../../src/index.js";
import { carried, predictionsOf } from "./calls.js";

const SERIES = ["loss", "accuracy", "learning_rate", "grad_norm", "tokens_per_sec"];

type Fields = Readonly<Record<string, unknown>>;

/**
 * What the wire should carry of a body: JSON's own idea of it, and what the design says of null, of defaults and of a
 * step's series. What does not look like a body is its own image.
 */
export function imageOf(name: OperationName, body: unknown): unknown {
  if (name === "logPredictions") {
    const rows: unknown = carried(predictionsOf(body));
    return { predictions: Array.isArray(rows) ? rows.map((row) => (isFields(row) ? withoutNull(row) : row)) : rows };
  }
  const image: unknown = carried(body);
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
