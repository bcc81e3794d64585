import { type EntityKind, type Operation, type OperationName, operations } from "../operations.js";
import type { IdMap } from "./id-map.js";
import { wireForm } from "./wire-form.js";

type Fields = Readonly<Record<string, unknown>>;

/** A body as it goes over the wire, or the id it has to wait for. */
export type Outgoing =
  | {
      readonly body: Fields;
      /** Whether it names experiments, runs, evals or checkpoints other than the one in its path. */
      readonly namesOthers: boolean;
    }
  | { readonly waitsFor: string };

/**
 * The body of a write from what the mirror holds of it: ids made here become the backend's, and what JSON cannot carry is
 * left out or null. The same mirrored fields and the same ids always make the same body.
 */
export function outgoing(name: OperationName, fields: Fields, ids: IdMap): Outgoing {
  const { references = {} }: Operation = operations[name];
  const rows: readonly Fields[] = Array.isArray(fields.predictions) ? fields.predictions : [fields];
  const mapped = rows.map((row) => withBackendIds(row, references, ids));
  const waiting = mapped.find((row) => typeof row === "string");
  if (typeof waiting === "string") return { waitsFor: waiting };
  const whole = Array.isArray(fields.predictions) ? { ...fields, predictions: mapped } : Object(mapped[0]);
  const namesOthers = rows.some((row) => Object.keys(references).some((field) => typeof row[field] === "string"));
  return { body: wireForm(name, whole).wire, namesOthers };
}

/** The row with the backend's ids, or the id that has none yet. */
function withBackendIds(row: Fields, references: Readonly<Record<string, EntityKind>>, ids: IdMap): Fields | string {
  let mapped = row;
  for (const [field, kind] of Object.entries(references)) {
    const id = row[field];
    if (typeof id !== "string") continue;
    const known = ids.resolve(kind, id);
    if (known === undefined) return id;
    if (known !== id) mapped = { ...mapped, [field]: known };
  }
  return mapped;
}
