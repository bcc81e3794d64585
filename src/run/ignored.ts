import { randomUUID } from "node:crypto";
import { type CheckpointInput, withDefaults } from "../api/inputs.js";
import type { BodyOf, Input, RowAdded } from "../api/routes.js";
import { accept } from "../delivery/accept.js";

/** The result of an eval that a run ignores, because a signal is ending the process. */
export function ignoredEval(body: Input<BodyOf<"createEval">>): RowAdded<"createEval"> {
  return { ...accept("createEval", body).fields, ok: true, id: randomUUID() };
}

/** The result of a checkpoint that a run ignores, because a signal is ending the process. */
export function ignoredCheckpoint(body: CheckpointInput): RowAdded<"addCheckpoint"> {
  const { fields } = accept("addCheckpoint", withDefaults(body, { is_final: false }));
  return { ...fields, ok: true, id: randomUUID() };
}
