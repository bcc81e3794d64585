import { type EntityKind, type OperationName, ROUTES, type Route } from "../api/routes.js";
import type { IdMap } from "./id-map.js";
import { wireForm } from "./wire-form.js";

type Fields = Readonly<Record<string, unknown>>;

/** An id that a write names and that the backend has not answered for yet. */
export interface AwaitedId {
  readonly kind: EntityKind;
  readonly id: string;
}

/** A body as it goes over the wire, or the id it has to wait for. */
export type Outgoing =
  | {
      readonly body: Fields;
      /** Whether it names experiments, runs, evals or checkpoints other than the one in its path. */
      readonly namesOthers: boolean;
    }
  | { readonly waitsFor: AwaitedId };

/**
 * The body of a write from what the mirror holds of it: ids made here become the backend's, and what JSON cannot carry is
 * left out or null. The same mirrored fields and the same ids always make the same body.
 */
export function outgoing(name: OperationName, fields: Fields, ids: IdMap): Outgoing {
  const { references = {} }: Route = ROUTES[name];
  const rows: readonly Fields[] = Array.isArray(fields.predictions) ? fields.predictions : [fields];
  const mapped: Fields[] = [];
  for (const row of rows) {
    const result = withBackendIds(row, references, ids);
    if ("waitsFor" in result) return { waitsFor: result.waitsFor };
    mapped.push(result.row);
  }
  const whole = Array.isArray(fields.predictions) ? { ...fields, predictions: mapped } : Object(mapped[0]);
  const namesOthers = rows.some((row) => Object.keys(references).some((field) => typeof row[field] === "string"));
  return { body: wireForm(name, whole).wire, namesOthers };
}

function withBackendIds(
  row: Fields,
  references: Readonly<Record<string, EntityKind>>,
  ids: IdMap,
): { readonly row: Fields } | { readonly waitsFor: AwaitedId } {
  let mapped = row;
  for (const [field, kind] of Object.entries(references)) {
    const id = row[field];
    if (typeof id !== "string") continue;
    const known = ids.resolve(kind, id);
    if (known === undefined) return { waitsFor: { kind, id } };
    if (known !== id) mapped = { ...mapped, [field]: known };
  }
  return { row: mapped };
}
