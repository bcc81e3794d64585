import { readRows } from "../../store/rows.js";
import { readExperiment, readRun } from "../../store/run-catalog.js";
import { flattened } from "../../util/flattened.js";
import { isObject } from "../../util/objects.js";
import { type Scalar, scalarOf } from "../../util/scalar.js";
import { toJsonSafe } from "../../viewer/json-safe.js";
import type { EntityStatus } from "../mirrors/entity-status.js";
import { assertKnown } from "../mirrors/run-selection.js";
import { UsageError } from "../terminal/arguments.js";
import type { Overview } from "./overview.js";
import { seriesValuesOf } from "./series-values.js";

/** The fields of a run's or an experiment's outcome; all others are its configuration. */
const OUTCOME = new Set([
  "id",
  "_created_at",
  "_updated_at",
  "status",
  "error_message",
  "summary",
  "duration_seconds",
  "best_score",
  "best_generation_id",
  "current_iteration",
  "conclusion",
]);
/** Lower values of such series are better. */
const LOWER_IS_BETTER = /loss|error|perplexity|\bppl\b|\bnll\b|\b(r?mse|mae|wer|cer)\b|latency/i;

/** The outcome of a run. */
export interface ComparedRun
  extends Pick<EntityStatus, "id" | "backendId" | "name" | "state" | "experimentId" | "bestScore" | "durationSeconds"> {
  readonly root: string;
}

/** The values of all runs, in the order of the runs; null if a run has none. */
export interface ComparedRow<Value> {
  readonly name: string;
  readonly values: readonly (Value | null)[];
}

/** The last and the best value of a series. */
export interface ComparedSeries {
  readonly name: string;
  /** Whether the lowest or the highest value is the best, derived from the name of the series. */
  readonly best: "lowest" | "highest";
  readonly values: readonly ({
    readonly last: Scalar;
    readonly lastStep: number;
    readonly best: Scalar | null;
  } | null)[];
}

/** A comparison of runs. */
export interface Comparison {
  readonly runs: readonly ComparedRun[];
  /** The different fields of the runs and their experiments, by path. */
  readonly configuration: readonly ComparedRow<unknown>[];
  readonly series: readonly ComparedSeries[];
  /** The last value of each series of each benchmark. */
  readonly evals: readonly ComparedRow<Scalar>[];
}

/**
 * Compares runs by their files.
 * @throws UsageError for an unknown id.
 */
export function compareRuns({ mirrors }: Overview, ids: readonly string[]): Comparison {
  const all = mirrors.flatMap(({ root, runs }) => runs.map((run) => ({ root, run })));
  assertKnown(
    "compare",
    ids,
    all.flatMap(({ run: { id, backendId } }) => (backendId === null ? [id] : [id, backendId])),
  );
  const found = ids.flatMap((id) => all.find(({ run }) => [run.id, run.backendId].includes(id)) ?? []);
  if (new Set(found).size < ids.length) throw new UsageError("--compare: two of the ids belong to the same run.");
  const configurations = found.map(({ root, run }) => new Map(configurationOf(root, run.id)));
  const series = found.map(({ run }) => seriesValuesOf(run.path));
  const evals = found.map(({ run }) => evalsOf(run.path));
  return {
    runs: found.map(({ root, run: { id, backendId, name, state, experimentId, bestScore, durationSeconds } }) => {
      return { root, id, backendId, name, state, experimentId, bestScore, durationSeconds };
    }),
    configuration: rowsOf(configurations).filter(
      ({ values }) => new Set(values.map((value) => JSON.stringify(value))).size > 1,
    ),
    series: rowsOf(series).map(({ name, values }): ComparedSeries => {
      const best = LOWER_IS_BETTER.test(name) ? "lowest" : "highest";
      return {
        name,
        best,
        values: values.map((each) => {
          if (each === null) return null;
          const bestValue = Number.isFinite(each[best]) ? each[best] : null;
          return { last: scalarOf(each.last) ?? "NaN", lastStep: each.lastStep, best: bestValue };
        }),
      };
    }),
    evals: rowsOf(evals),
  };
}

function configurationOf(root: string, id: string): [string, unknown][] {
  const { document = {}, experimentId } = readRun(root, id);
  const experiment = experimentId === undefined ? undefined : readExperiment(root, experimentId);
  const isConfiguration = ([field]: [string, unknown]): boolean => !OUTCOME.has(field);
  const ofRun = Object.entries(document).filter(isConfiguration);
  const ofExperiment = Object.entries(experiment ?? {}).filter(isConfiguration);
  return [
    ...ofRun.flatMap(([field, value]) => flattened(toJsonSafe(value), field)),
    ...ofExperiment.flatMap(([field, value]) => flattened(toJsonSafe(value), `experiment.${field}`)),
  ];
}

function evalsOf(folder: string): Map<string, Scalar> {
  const values = new Map<string, Scalar>();
  for (const { benchmark_id: benchmark, metrics } of readRows(folder, "evals", () => {})) {
    if (!isObject(metrics)) continue;
    for (const [series, value] of Object.entries(metrics)) {
      const scalar = scalarOf(value);
      if (scalar !== null) values.set(typeof benchmark === "string" ? `${benchmark} ${series}` : series, scalar);
    }
  }
  return values;
}

/** One row per name, in order of appearance. */
function rowsOf<Value>(columns: readonly ReadonlyMap<string, Value>[]): ComparedRow<Value>[] {
  const names = new Set(columns.flatMap((column) => [...column.keys()]));
  return [...names].map((name) => ({ name, values: columns.map((column) => column.get(name) ?? null) }));
}
