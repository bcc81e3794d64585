import type { MirrorDocument } from "../../store/document.js";
import { type Row, readRows } from "../../store/rows.js";
import { type CatalogRun, experimentsIn } from "../../store/run-catalog.js";
import { isObject } from "../../util/objects.js";
import type { ExportedStream } from "./options.js";

/** One line of an export: fields by name. */
export type ExportRecord = Readonly<Record<string, unknown>>;

/** Called for each line that cannot be read. */
export type Report = (message: string) => void;

/** The records of a stream in long form, run by run. `seriesColumn` names the column of a series in the wide form. */
export function* recordsOf(
  stream: ExportedStream,
  runs: readonly CatalogRun[],
  report: Report,
  seriesColumn?: (series: string) => string,
): Generator<ExportRecord> {
  if (stream === "runs") return yield* runRecords(runs);
  for (const run of runs) {
    const ids = { experiment_id: run.experimentId, run_id: run.id };
    for (const row of readRows(run.path, stream, report)) {
      if (stream !== "metrics" && stream !== "evals") yield { ...ids, ...row, ...ids };
      else if (seriesColumn === undefined) yield* longRecords({ ...ids, ...withoutMetrics(row) }, row);
      else yield { ...ids, ...withoutMetrics(row), ...wideSeries(row, seriesColumn) };
    }
  }
}

/** The names of a stream's series, sorted. */
export function seriesNames(stream: "metrics" | "evals", runs: readonly CatalogRun[]): string[] {
  const names = new Set<string>();
  // The second pass reports unreadable lines.
  for (const run of runs) {
    for (const { metrics } of readRows(run.path, stream, () => {})) {
      if (isObject(metrics)) for (const name of Object.keys(metrics)) names.add(name);
    }
  }
  return [...names].sort();
}

function* longRecords(fields: ExportRecord, { metrics }: Row): Generator<ExportRecord> {
  if (!isObject(metrics)) return;
  for (const [series, value] of Object.entries(metrics)) yield { ...fields, series, value };
}

function wideSeries({ metrics }: Row, seriesColumn: (series: string) => string): ExportRecord {
  if (!isObject(metrics)) return {};
  return Object.fromEntries(Object.entries(metrics).map(([series, value]) => [seriesColumn(series), value]));
}

function withoutMetrics({ metrics: _, ...fields }: Row): ExportRecord {
  return fields;
}

function* runRecords(runs: readonly CatalogRun[]): Generator<ExportRecord> {
  const experiments = new Map<string, Map<string, MirrorDocument>>();
  for (const { root, id, experimentId, document } of runs) {
    let known = experiments.get(root);
    if (known === undefined) {
      known = experimentsIn(root);
      experiments.set(root, known);
    }
    const experiment = experimentId === undefined ? undefined : known.get(experimentId);
    const { id: _, _created_at, _updated_at, experiment_id, ...fields }: ExportRecord = document ?? { id };
    yield {
      experiment_id,
      run_id: id,
      experiment_name: experiment?.experiment_name,
      project_id: experiment?.project_id,
      created_at: isoTime(_created_at),
      updated_at: isoTime(_updated_at),
      ...fields,
    };
  }
}

function isoTime(seconds: unknown): string | undefined {
  if (typeof seconds !== "number" || !(Math.abs(seconds) <= 8.64e12)) return undefined;
  return new Date(seconds * 1000).toISOString();
}
