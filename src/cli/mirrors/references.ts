import {
  type EntityKind,
  ID_KIND_OF,
  type OperationName,
  ROUTES,
  type Route,
  STREAMS,
  type StreamName,
} from "../../api/routes.js";
import type { EntityStore } from "../../journal/entity-store.js";
import { segmentsOf } from "../../journal/segment.js";
import type { Rejection } from "../../journal/sync-lines.js";
import { parseRow, type Row } from "../../store/rows.js";

/** A kind and an id, as one key. */
export function keyOf(kind: EntityKind, id: string): string {
  return `${kind} ${id}`;
}

/** The keys of what an entity's creates and patches name that are not delivered. */
export function* namedByOperations({ kind, log }: EntityStore): Generator<string> {
  const { state } = log;
  for (const operation of state.operations.values()) {
    if (state.delivered.has(operation.key)) continue;
    const isCreate = "create" in operation;
    const names = {
      run: isCreate ? "createRun" : "updateRun",
      experiment: isCreate ? "createExperiment" : "updateExperiment",
    } as const;
    yield* namedIn(names[kind], isCreate ? operation.create : operation.patch);
  }
}

/** The keys of what an entity's rows name that are pending; with `isRefusedToo`, also of those that were refused. */
export function* namedByRows(entity: EntityStore, isRefusedToo: boolean): Generator<string> {
  for (const name of ["createEval", "logPredictions"] as const) {
    const { stream } = ROUTES[name];
    for (const row of pendingRows(entity, stream)) yield* namedIn(name, row);
    if (isRefusedToo) for (const { row } of refusedRows(entity, stream)) yield* namedIn(name, row);
  }
}

/** The checkpoints and evals of an entity that the backend refused, by key. */
export function* refusedNamed(entity: EntityStore): Generator<readonly [key: string, refusal: Rejection]> {
  for (const stream of STREAMS) {
    const kind = ID_KIND_OF[stream];
    if (kind === undefined) continue;
    for (const { row, refusal } of refusedRows(entity, stream)) {
      if (typeof row.id === "string") yield [keyOf(kind, row.id), refusal];
    }
  }
}

function* namedIn(name: OperationName, fields: Row): Generator<string> {
  const { references = {} }: Route = ROUTES[name];
  for (const [field, kind] of Object.entries(references)) {
    const id = fields[field];
    if (typeof id === "string") yield keyOf(kind, id);
  }
}

function* pendingRows(entity: EntityStore, stream: StreamName): Generator<Row> {
  for (const segment of segmentsOf(entity, [stream])) {
    for (const { bytes } of segment.openLines(0)) {
      const row = parseRow(bytes.toString());
      if (row !== undefined) yield row;
    }
    segment.close();
  }
}

function* refusedRows(entity: EntityStore, stream: StreamName): Generator<{ row: Row; refusal: Rejection }> {
  for (const segment of segmentsOf(entity, [stream])) {
    for (const { slot, spans } of entity.log.state.sessions.byNonce.values()) {
      if (slot !== segment.slot) continue;
      for (const [start, { end, rejection: refusal }] of spans[stream].rejected) {
        for (const { text } of segment.read({ start, end })) {
          const row = parseRow(text);
          if (row !== undefined) yield { row, refusal };
        }
      }
    }
    segment.close();
  }
}
