import type { StreamName } from "../api/routes.js";
import { isGiven, isObject, setField } from "../util/objects.js";
import type { MetricReadOptions } from "./read-options.js";
import type { Row } from "./rows.js";

/** The fields that identify a row, in addition to its step. */
const IDENTITY: Readonly<Record<StreamName, readonly string[]>> = {
  metrics: ["split"],
  evals: ["benchmark_id", "checkpoint_id", "model_ref"],
  checkpoints: ["label"],
  predictions: ["kind", "eval_id", "task_id", "sample_idx"],
};

/** Selects rows, in order. With `last`, the result is kept in memory until all rows are read. */
export function* selectedRows(stream: StreamName, rows: Iterable<Row>, options: MetricReadOptions): Generator<Row> {
  const isWanted = stepFilter(options);
  const series = options.series === undefined ? undefined : new Set([options.series].flat());
  const last = options.last === true ? new LatestRows(stream) : undefined;
  for (const row of rows) {
    if (!isWanted(row.step) || (options.split !== undefined && (row.split ?? "train") !== options.split)) continue;
    const selected = series === undefined ? row : withSeries(row, series);
    if (selected === undefined) continue;
    if (last === undefined) yield selected;
    else last.add(selected);
  }
  if (last !== undefined) yield* last.rows;
}

function stepFilter({ from, to }: MetricReadOptions): (step: unknown) => boolean {
  if (from === undefined && to === undefined) return () => true;
  const [min, max] = [from ?? Number.NEGATIVE_INFINITY, to ?? Number.POSITIVE_INFINITY];
  return (step) => (typeof step === "number" || typeof step === "bigint") && step >= min && step <= max;
}

/** A row with only the wanted series; undefined if it has none of them. */
function withSeries(row: Row, wanted: ReadonlySet<string>): Row | undefined {
  if (!isObject(row.metrics)) return undefined;
  const metrics: Record<string, unknown> = {};
  let hasAny = false;
  for (const [name, value] of Object.entries(row.metrics)) {
    if (!wanted.has(name)) continue;
    setField(metrics, name, value);
    hasAny = true;
  }
  return hasAny ? { ...row, metrics } : undefined;
}

/** The last row of each step and identity, in the order in which they were first logged. */
class LatestRows {
  readonly #stream: StreamName;
  readonly #rows = new Map<string, Row>();

  constructor(stream: StreamName) {
    this.#stream = stream;
  }

  get rows(): Iterable<Row> {
    return this.#rows.values();
  }

  add(row: Row): void {
    const key = this.#keyOf(row);
    const earlier = this.#rows.get(key);
    this.#rows.set(key, earlier === undefined || this.#stream !== "metrics" ? row : merged(earlier, row));
  }

  #keyOf(row: Row): string {
    // A row without an identity never replaces another.
    if (!isGiven(this.#stream === "predictions" ? row.task_id : row.step)) return String(this.#rows.size);
    return JSON.stringify(["step", ...IDENTITY[this.#stream]].map((field) => String(row[field] ?? "")));
  }
}

/** The series of a step may be logged in several calls: the last value of each counts. */
function merged(earlier: Row, later: Row): Row {
  const metrics: Record<string, unknown> = {};
  for (const each of [earlier.metrics, later.metrics]) {
    for (const [name, value] of Object.entries(isObject(each) ? each : {})) setField(metrics, name, value);
  }
  return { ...later, metrics };
}
