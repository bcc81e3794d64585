import type { LocalExperimentStore, SyncReport } from "../../src/index.js";
import type { MockState } from "../../src/testing/index.js";

/** The rows of one kind in the mirror and in the backend. */
export interface KindComparison {
  readonly mirror: number;
  readonly backend: number;
  /** In the mirror and not in the backend, although the client counts it as delivered. */
  readonly missing: number;
  /** In the backend more often than in the mirror. */
  readonly twice: number;
  /** Counted as pending by the client. */
  readonly "not sent yet": number;
}

/** The comparison by kind of row. */
export type Comparison = Readonly<Record<string, KindComparison>>;

type Kind = "experiments" | "runs" | "checkpoints" | "evals" | "metrics" | "predictions";

/**
 * Compares every row of the mirror with every row of the backend, field by field. The report has the number of pending
 * writes.
 */
export async function compare(
  mirror: LocalExperimentStore,
  backend: MockState,
  { byKind }: Pick<SyncReport, "byKind">,
): Promise<Comparison> {
  const runs = mirror.runs();
  const rowsOf = async (rowsOfRun: (runId: string) => AsyncIterable<object>): Promise<object[]> => {
    const rows: object[] = [];
    for (const run of runs) for await (const row of rowsOfRun(run.id)) rows.push({ run_id: run.id, ...row });
    return rows;
  };
  // Rows reference other rows by id: referenced kinds come first, so that their ids are known.
  const sides: readonly (readonly [kind: Kind, mirror: readonly object[], backend: readonly object[]])[] = [
    ["experiments", mirror.experiments().map(asSent), backend.experiments],
    ["runs", runs.map(asSent), backend.runs],
    ["checkpoints", await rowsOf((id) => mirror.checkpoints(id)), backend.checkpoints],
    ["evals", await rowsOf((id) => mirror.evals(id)), backend.evals],
    ["metrics", await rowsOf((id) => mirror.metrics(id)), backend.metrics],
    ["predictions", await rowsOf((id) => mirror.predictions(id)), backend.predictions],
  ];
  const ids = new Map<string, string>();
  return Object.fromEntries(
    sides.map(([kind, here, there]) => {
      const patches = kind === "experiments" || kind === "runs" ? byKind.patches.pending : 0;
      return [kind, compareRows(here, there, byKind[kind].pending + patches, ids)];
    }),
  );
}

/**
 * Pairs the rows of the mirror with the equal ones of the backend.
 * @param ids maps ids of the mirror to those of the backend, for rows with an id on each side. New pairs are added.
 */
export function compareRows(
  mirror: readonly object[],
  backend: readonly object[],
  pending: number,
  ids = new Map<string, string>(),
): KindComparison {
  const unmatched = new Map<string, object[]>();
  for (const row of backend) {
    const content = contentOf(row);
    unmatched.set(content, [...(unmatched.get(content) ?? []), row]);
  }
  const lone: object[] = [];
  for (const row of mirror) {
    const twin = unmatched.get(contentOf(row, ids))?.shift();
    if (twin === undefined) lone.push(row);
    else learn(ids, row, twin);
  }
  const unsent = Math.min(pending, lone.length);
  // A row with the id of a lone row is that row before its last patch, not a second one.
  const known = new Set(lone.map(idOf));
  const surplus = [...unmatched.values()].flat().filter((row) => idOf(row) === undefined || !known.has(idOf(row)));
  return {
    mirror: mirror.length,
    backend: backend.length,
    missing: lone.length - unsent,
    twice: surplus.length,
    "not sent yet": unsent,
  };
}

/** The content of a row as text: sorted fields, without its own id, ids of the mirror as the backend's. */
function contentOf(row: object, ids?: ReadonlyMap<string, string>): string {
  const { id: _, ...fields } = { id: undefined, ...row };
  return JSON.stringify(fields, (_key, value: unknown) => {
    if (typeof value === "string") return ids?.get(value) ?? value;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** A document without the mirror's own times, and with the status that the backend starts from. */
function asSent(document: object): object {
  const { _created_at, _updated_at, ...fields } = { _created_at: 0, _updated_at: 0, ...document };
  return { status: "pending", ...fields };
}

function learn(ids: Map<string, string>, row: object, twin: object): void {
  const [here, there] = [idOf(row), idOf(twin)];
  if (here !== undefined && there !== undefined) ids.set(here, there);
}

function idOf(row: object): string | undefined {
  return "id" in row && typeof row.id === "string" ? row.id : undefined;
}
