import { isSafeId } from "../api/ids.js";
import { type EntityKind, type OperationName, ROUTES } from "../api/routes.js";
import { isObject } from "../util/objects.js";

/** The operation that makes entities of a kind. */
export const MAKERS = {
  experiment: "createExperiment",
  run: "createRun",
  checkpoint: "addCheckpoint",
  eval: "createEval",
} as const satisfies Record<EntityKind, OperationName>;

/** The kind of entity that an operation makes; undefined where nothing refers to what it makes. */
export function makes(name: OperationName): EntityKind | undefined {
  const kinds = ["experiment", "run", "checkpoint", "eval"] as const;
  return kinds.find((kind) => MAKERS[kind] === name);
}

/** The id of what an answer says was made; undefined where it tells none that can stand in a path. */
export function idIn(name: OperationName, answer: unknown): string | undefined {
  const { kind, entity } = ROUTES[name];
  const holder = kind === "create" && isObject(answer) ? answer[entity] : answer;
  const id = isObject(holder) ? holder.id : undefined;
  // A number is not what the document promises, but it lets the checks go on.
  const text = typeof id === "number" ? String(id) : id;
  return makes(name) !== undefined && isSafeId(text) ? text : undefined;
}
