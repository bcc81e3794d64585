import { type EntityKind, type OperationName, ROUTES, type Route } from "../api/routes.js";
import type { IdMap } from "./id-map.js";
import { wireForm } from "./wire-form.js";

type Fields = Readonly<Record<string, unknown>>;

/** A client-generated id that a write names and that the backend does not know yet. */
export interface AwaitedId {
  readonly kind: EntityKind;
  readonly id: string;
}

/** The body of a request, or the id that it has to wait for. */
export type Outgoing =
  | {
      readonly body: Fields;
      /** Whether it names experiments, runs, evals or checkpoints other than the one in its path. */
      readonly namesOthers: boolean;
    }
  | { readonly waitsFor: AwaitedId };

/**
 * The body of a write from its mirrored fields: client-generated ids become the backend's, and values that JSON cannot
 * represent are left out or null. The same mirrored fields and ids always make the same body.
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
