import { DashboardClient, type LocalExperimentStore, type MirrorDocument } from "../../../src/index.js";
import type { MockState } from "../../../src/testing/index.js";
import { recordingLogger } from "../../support/loggers.js";

type Row = Readonly<Record<string, unknown>>;

/** The differences between a mirror and a backend. Each entry names the row. */
export interface Differences {
  /** In the mirror and not in the backend. */
  readonly missing: readonly string[];
  /** In the backend more often than in the mirror. */
  readonly twice: readonly string[];
  /** Documents with other fields in the backend. */
  readonly wrong: readonly string[];
}

export const NONE: Differences = { missing: [], twice: [], wrong: [] };

/** The mirror of a folder, for reading. */
export function mirrorAt(logDir: string): LocalExperimentStore {
  return new DashboardClient({ logDir, offline: true, logger: recordingLogger() }).local;
}

/**
 * Compares every row of a mirror with every row of a backend. The test must make rows unique: experiments by name, runs
 * by seed, checkpoints by uri, others by their contents. Ids are considered equal if they name equal rows.
 */
export async function differences(
  logDir: string,
  backend: Pick<MockState, "experiments" | "runs" | "metrics" | "evals" | "checkpoints" | "predictions">,
): Promise<Differences> {
  const mirror = mirrorAt(logDir);
  const ids = new Map<string, string>();
  const found = { missing: [] as string[], twice: [] as string[], wrong: [] as string[] };

  const pairDocuments = (
    kind: string,
    here: MirrorDocument[],
    there: readonly object[],
    nameOf: (row: Row) => string,
  ) => {
    const known = new Set(here.map(nameOf));
    const unmatched = groupedBy(
      there.map((row): Row => ({ ...row })),
      nameOf,
    );
    for (const row of here) {
      const [twin, ...others] = unmatched.get(nameOf(row)) ?? [];
      if (twin === undefined) found.missing.push(`${kind} ${nameOf(row)}`);
      else ids.set(row.id, String(twin.id));
      for (const _ of others) found.twice.push(`${kind} ${nameOf(row)}`);
    }
    for (const [name, rows] of unmatched) {
      if (!known.has(name)) for (const _ of rows) found.twice.push(`${kind} ${name}, which the mirror does not have`);
    }
    return () => {
      for (const row of here) {
        const twin = unmatched.get(nameOf(row))?.[0];
        for (const [field, value] of Object.entries(row)) {
          if (twin === undefined || field === "id" || field.startsWith("_")) continue;
          const [ours, theirs] = [textOf(mapped(value)), textOf(twin[field])];
          if (ours !== theirs) found.wrong.push(`${kind} ${nameOf(row)}.${field}: ${ours} here, ${theirs} there`);
        }
      }
    };
  };
  const mapped = (value: unknown): unknown => (typeof value === "string" ? (ids.get(value) ?? value) : value);
  const pairRows = (kind: string, here: readonly Row[], there: readonly Row[]): void => {
    const unmatched = groupedBy(there, (row) => textOf({ ...row, id: undefined }));
    for (const row of here) {
      const sent = Object.fromEntries(Object.entries(row).map(([field, value]) => [field, mapped(value)]));
      const text = textOf({ ...sent, id: undefined });
      const twin = unmatched.get(text)?.shift();
      if (twin === undefined) found.missing.push(`${kind} ${text}`);
      else if (typeof row.id === "string") ids.set(row.id, String(twin.id));
    }
    for (const [text, rows] of unmatched) for (const _ of rows) found.twice.push(`${kind} ${text}`);
  };

  const compareExperiments = pairDocuments("experiment", mirror.experiments(), backend.experiments, (row) =>
    String(row.experiment_name),
  );
  const compareRuns = pairDocuments("run", mirror.runs(), backend.runs, (row) => String(row.seed));
  pairRows("checkpoint", await rowsOf(mirror, "checkpoints"), backend.checkpoints);
  pairRows("eval", (await rowsOf(mirror, "evals")).map(sendable), backend.evals);
  const metrics = (await rowsOf(mirror, "metrics")).map(sendable);
  pairRows("metrics", metrics.filter(hasSeries), backend.metrics);
  pairRows("prediction", (await rowsOf(mirror, "predictions")).map(nulled), backend.predictions);
  compareExperiments();
  compareRuns();
  return found;
}

async function rowsOf(
  mirror: LocalExperimentStore,
  stream: "metrics" | "evals" | "checkpoints" | "predictions",
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { id } of mirror.runs()) for await (const row of mirror[stream](id)) rows.push({ run_id: id, ...row });
  return rows;
}

/** A row with its finite series only. */
function sendable(row: Row): Row {
  const series = Object.entries(Object(row.metrics)).filter(([, value]) => Number.isFinite(value));
  return { ...row, metrics: Object.fromEntries(series) };
}

function hasSeries(row: Row): boolean {
  return Object.keys(Object(row.metrics)).length > 0;
}

/** A row with null for each number that JSON cannot represent. */
function nulled(row: Row): Row {
  return JSON.parse(JSON.stringify(row)) as Row;
}

function groupedBy(rows: readonly Row[], nameOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(nameOf(row));
    if (group === undefined) groups.set(nameOf(row), [row]);
    else group.push(row);
  }
  return groups;
}

/** A value as text, with sorted fields. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
