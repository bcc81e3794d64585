import type { LocalExperimentStore } from "../../../src/index.js";
import type { MockServer } from "../../../src/testing/index.js";
import { collected } from "../../support/clients.js";
import { documentWire, MIRROR_FIELDS, picked, type Row, rowWire } from "./calls.js";

/** The contents of a mirror or a backend by kind, each row as text without ids and times. */
export type Contents = Readonly<Record<string, readonly string[]>>;

const OWN = [...MIRROR_FIELDS, "run_id", "experiment_id"];

/** The contents of a mirror as sent. Runs of experiments other than `experimentId` are omitted. */
export async function contentsOfMirror(local: LocalExperimentStore, { experimentId = "" }): Promise<Contents> {
  const runs = local.runs().filter((run) => run.experiment_id === experimentId);
  const rows = async (stream: "metrics" | "evals" | "checkpoints" | "predictions"): Promise<Row[]> =>
    (await Promise.all(runs.map(({ id }) => collected<object>(local[stream](id))))).flat().map((row) => ({ ...row }));
  const metrics = (await rows("metrics")).map(rowWire);
  return {
    experiments: texts(local.experiments().map((row) => ({ status: "pending", ...documentWire(row) }))),
    runs: texts(runs.map((row) => ({ status: "pending", ...documentWire(row) }))),
    metrics: texts(metrics.filter((row) => Object.keys(Object(row.metrics)).length > 0)),
    evals: texts((await rows("evals")).map(rowWire)),
    checkpoints: texts(await rows("checkpoints")),
    predictions: texts(await rows("predictions")),
  };
}

export function contentsOfBackend(server: MockServer): Contents {
  const { experiments, runs, metrics, evals, checkpoints, predictions } = server;
  return {
    experiments: texts(experiments),
    runs: texts(runs),
    metrics: texts(metrics),
    evals: texts(evals),
    checkpoints: texts(checkpoints),
    predictions: texts(predictions),
  };
}

function texts(rows: readonly object[]): string[] {
  return rows.map((row) => textOf(picked({ ...row }, (field) => !OWN.includes(field)))).sort();
}

/** The same text for the same fields in any order. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
