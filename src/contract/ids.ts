import { isSafeId } from "../api/ids.js";
import { type EntityKind, type OperationName, ROUTES } from "../api/routes.js";
import { isObject } from "../util/objects.js";

/** The operation that creates entities of a kind. */
export const CREATED_BY = {
  experiment: "createExperiment",
  run: "createRun",
  checkpoint: "addCheckpoint",
  eval: "createEval",
} as const satisfies Record<EntityKind, OperationName>;

/** The kind of entity that an operation creates; undefined if it creates none that others refer to. */
export function createdKind(name: OperationName): EntityKind | undefined {
  const kinds = ["experiment", "run", "checkpoint", "eval"] as const;
  return kinds.find((kind) => CREATED_BY[kind] === name);
}

/** The id of the created entity in a response body; undefined if there is none that is safe in a path. */
export function idIn(name: OperationName, body: unknown): string | undefined {
  const { kind, entity } = ROUTES[name];
  const created = kind === "create" && isObject(body) ? body[entity] : body;
  const id = isObject(created) ? created.id : undefined;
  // A number violates the schema, but the checks can continue with it.
  const text = typeof id === "number" ? String(id) : id;
  return createdKind(name) !== undefined && isSafeId(text) ? text : undefined;
}
