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
import { fieldsOf, writeNameOf } from "../../journal/sync-state.js";
import { parseRow, type Row } from "../../store/rows.js";

/** A kind and an id, as one key. */
export function referenceKey(kind: EntityKind, id: string): string {
  return `${kind} ${id}`;
}

/** The keys of the entities that undelivered creates and patches refer to. */
export function* referencesOfOperations({ kind, log }: EntityStore): Generator<string> {
  const { state } = log;
  for (const operation of state.operations.values()) {
    if (state.delivered.has(operation.key)) continue;
    yield* referencesIn(writeNameOf(kind, operation), fieldsOf(operation));
  }
}

/** The keys of the entities that pending rows refer to; with `withRejected`, also those of rejected rows. */
export function* referencesOfRows(entity: EntityStore, withRejected: boolean): Generator<string> {
  for (const name of ["createEval", "logPredictions"] as const) {
    const { stream } = ROUTES[name];
    for (const row of pendingRows(entity, stream)) yield* referencesIn(name, row);
    if (withRejected) for (const { row } of rejectedRows(entity, stream)) yield* referencesIn(name, row);
  }
}

/** The rejected checkpoints and evals of an entity, by key. */
export function* rejectedReferences(entity: EntityStore): Generator<readonly [key: string, rejection: Rejection]> {
  for (const stream of STREAMS) {
    const kind = ID_KIND_OF[stream];
    if (kind === undefined) continue;
    for (const { row, rejection } of rejectedRows(entity, stream)) {
      if (typeof row.id === "string") yield [referenceKey(kind, row.id), rejection];
    }
  }
}

function* referencesIn(name: OperationName, fields: Row): Generator<string> {
  const { references = {} }: Route = ROUTES[name];
  for (const [field, kind] of Object.entries(references)) {
    const id = fields[field];
    if (typeof id === "string") yield referenceKey(kind, id);
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

function* rejectedRows(entity: EntityStore, stream: StreamName): Generator<{ row: Row; rejection: Rejection }> {
  for (const segment of segmentsOf(entity, [stream])) {
    for (const { slot, spans } of entity.log.state.sessions.byNonce.values()) {
      if (slot !== segment.slot) continue;
      for (const [start, { end, rejection }] of spans[stream].rejected) {
        for (const { text } of segment.read({ start, end })) {
          const row = parseRow(text);
          if (row !== undefined) yield { row, rejection };
        }
      }
    }
    segment.close();
  }
}
