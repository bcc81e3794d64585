import type { DashboardClient, LocalExperimentStore, OperationName } from "../../../src/index.js";
import { collected, wrong } from "../../support/clients.js";
import type { Ids } from "../../support/writes.js";

export type Row = Readonly<Record<string, unknown>>;

/** A method with a body, and where its result is in the mirror. */
export interface Call {
  readonly name: OperationName;
  readonly kind: "create" | "patch" | "row";
  readonly call: (client: DashboardClient, ids: Ids, body: unknown) => Promise<unknown>;
  /** The rows of its stream, or its document. */
  readonly mirrored: (local: LocalExperimentStore, ids: Ids, result: unknown) => Promise<readonly Row[]>;
  /** The form in which the rows or the document are sent. */
  readonly wire: (rows: readonly Row[]) => Row;
}

/** The mirror's own fields of a document, which a patch cannot set. */
export const MIRROR_FIELDS: readonly string[] = ["id", "_created_at", "_updated_at"];

/** Some of the fields of a row. */
export function picked(row: Row, isMeant: (field: string) => boolean): Row {
  return Object.fromEntries(Object.entries(row).filter(([field]) => isMeant(field)));
}

/** A value after a round trip through JSON: non-finite numbers are null. */
export function toJson(value: unknown): Row {
  return JSON.parse(JSON.stringify(value) ?? null);
}

/** A document as sent: without the mirror's own fields. */
export function documentWire(document: Row): Row {
  return toJson(picked(document, (field) => !MIRROR_FIELDS.includes(field)));
}

/** A row as sent: only finite series, without the mirror's id. */
export function rowWire({ id: _, metrics, ...row }: Row): Row {
  if (metrics === undefined) return toJson(row);
  const series = Object.entries(Object(metrics)).filter(([, value]) => Number.isFinite(value));
  return toJson({ ...row, metrics: Object.fromEntries(series) });
}

const idOf = (result: unknown): string => String(Object(result).id);
const documents = (found: Row | undefined): Row[] => (found === undefined ? [] : [found]);
const ofDocument = ([row = {}]: readonly Row[]): Row => documentWire(row);
const ofRow = ([row = {}]: readonly Row[]): Row => rowWire(row);

/** The eight methods. */
export const CALLS: readonly Call[] = [
  {
    name: "createExperiment",
    kind: "create",
    call: (client, _, body) => client.createExperiment(wrong(body)),
    mirrored: async (local, _, result) => documents(local.experiment(idOf(result))),
    wire: ofDocument,
  },
  {
    name: "updateExperiment",
    kind: "patch",
    call: (client, { experimentId }, body) => client.updateExperiment(experimentId, wrong(body)),
    mirrored: async (local, { experimentId }) => documents(local.experiment(experimentId)),
    wire: ofDocument,
  },
  {
    name: "createRun",
    kind: "create",
    call: (client, _, body) => client.createRun(wrong(body)),
    mirrored: async (local, _, result) => documents(local.run(idOf(result))),
    wire: ofDocument,
  },
  {
    name: "updateRun",
    kind: "patch",
    call: (client, { runId }, body) => client.updateRun(runId, wrong(body)),
    mirrored: async (local, { runId }) => documents(local.run(runId)),
    wire: ofDocument,
  },
  {
    name: "logStepMetric",
    kind: "row",
    call: (client, { runId }, body) => client.logStepMetric(runId, wrong(body)),
    mirrored: (local, { runId }) => rowsOf(local.metrics(runId)),
    wire: ofRow,
  },
  {
    name: "createEval",
    kind: "row",
    call: (client, { runId }, body) => client.createEval(runId, wrong(body)),
    mirrored: (local, { runId }) => rowsOf(local.evals(runId)),
    wire: ofRow,
  },
  {
    name: "addCheckpoint",
    kind: "row",
    call: (client, { runId }, body) => client.addCheckpoint(runId, wrong(body)),
    mirrored: (local, { runId }) => rowsOf(local.checkpoints(runId)),
    wire: ofRow,
  },
  {
    name: "logPredictions",
    kind: "row",
    call: (client, { runId }, body) => client.logPredictions(runId, wrong(predictionsOf(body))),
    mirrored: (local, { runId }) => rowsOf(local.predictions(runId)),
    wire: (rows) => toJson({ predictions: rows }),
  },
];

/** The list of predictions; other bodies are passed unchanged. */
export function predictionsOf(body: unknown): unknown {
  try {
    return Object.hasOwn(Object(body), "predictions") ? Reflect.get(Object(body), "predictions") : body;
  } catch {
    return body;
  }
}

async function rowsOf(rows: AsyncIterable<object>): Promise<Row[]> {
  return (await collected(rows)).map((row) => ({ ...row }));
}
