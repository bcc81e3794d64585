import type { DashboardClient, LocalExperimentStore, OperationName } from "../../../src/index.js";
import { collected, wrong } from "../../support/clients.js";
import type { Ids } from "../../support/writes.js";

export type Row = Readonly<Record<string, unknown>>;

/** A method that takes a body, and where the mirror has what it wrote. */
export interface Call {
  readonly name: OperationName;
  readonly kind: "create" | "patch" | "row";
  readonly call: (client: DashboardClient, ids: Ids, body: unknown) => Promise<unknown>;
  /** The rows of the stream that it writes to, or the one document. */
  readonly mirrored: (local: LocalExperimentStore, ids: Ids, answer: unknown) => Promise<readonly Row[]>;
  /** What the wire carries of the rows or the document. */
  readonly wire: (rows: readonly Row[]) => Row;
}

/** The mirror's own fields of a document, whatever a patch says of them. */
export const OWN_FIELDS: readonly string[] = ["id", "_created_at", "_updated_at"];

/** Some fields of a row. */
export function picked(row: Row, isMeant: (field: string) => boolean): Row {
  return Object.fromEntries(Object.entries(row).filter(([field]) => isMeant(field)));
}

/** What a value looks like after JSON has carried it: numbers that it cannot carry are null. */
export function carried(value: unknown): Row {
  return JSON.parse(JSON.stringify(value) ?? null);
}

/** A document as the wire carries it: without what is the mirror's own. */
export function documentWire(document: Row): Row {
  return carried(picked(document, (field) => !OWN_FIELDS.includes(field)));
}

/** A row as the wire carries it: with the series that are finite, and without the id that is the mirror's own. */
export function rowWire({ id: _, metrics, ...row }: Row): Row {
  if (metrics === undefined) return carried(row);
  const series = Object.entries(Object(metrics)).filter(([, value]) => Number.isFinite(value));
  return carried({ ...row, metrics: Object.fromEntries(series) });
}

const idOf = (answer: unknown): string => String(Object(answer).id);
const documents = (found: Row | undefined): Row[] => (found === undefined ? [] : [found]);
const ofDocument = ([row = {}]: readonly Row[]): Row => documentWire(row);
const ofRow = ([row = {}]: readonly Row[]): Row => rowWire(row);

/** The eight methods. */
export const CALLS: readonly Call[] = [
  {
    name: "createExperiment",
    kind: "create",
    call: (client, _, body) => client.createExperiment(wrong(body)),
    mirrored: async (local, _, answer) => documents(local.experiment(idOf(answer))),
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
    mirrored: async (local, _, answer) => documents(local.run(idOf(answer))),
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
    wire: (rows) => carried({ predictions: rows }),
  },
];

/** Predictions are given by themselves; what is no batch of them is given as it is. */
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
