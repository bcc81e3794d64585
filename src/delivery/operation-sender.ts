import { errorOfAnswer } from "../errors.js";
import type { Operation } from "../mirror/sync-state.js";
import type { OperationName } from "../operations.js";
import type { Patience } from "./attempts.js";
import type { Folder } from "./folder.js";
import { type Outcome, PENDING } from "./outcome.js";
import { outgoing } from "./outgoing.js";

/** Sends a create or a patch under its key, and notes the answer in the sync log. */
export async function sendOperation(folder: Folder, operation: Operation, patience: Patience): Promise<Outcome> {
  const { courier, entity } = folder;
  const isCreate = "create" in operation;
  const name = nameOf(folder, isCreate);
  const id = isCreate ? undefined : folder.backendId;
  if (!isCreate && id === undefined) return PENDING;
  const made = outgoing(name, isCreate ? withProject(folder, operation.create) : operation.patch, courier.ids);
  if ("waitsFor" in made) return PENDING;
  const path = id === undefined ? {} : { [`${entity.kind}_id`]: id };
  const answer = await courier.carry(name, path, JSON.stringify(made.body), operation.key, patience);
  if (answer.kind === "unavailable") return PENDING;
  if (answer.kind === "blocked") {
    const error = errorOfAnswer(answer.failure);
    folder.reception.blockedBy(error);
    return { kind: "raised", error };
  }
  const counted = isCreate ? folder.countedAs : "patches";
  if (answer.kind === "delivered") {
    const backendId: unknown = isCreate ? Object(Object(answer.body)[entity.kind]).id : undefined;
    entity.log.deliverOp(operation.key, typeof backendId === "string" ? backendId : undefined);
    if (typeof backendId === "string") courier.ids.learn(entity.kind, entity.id, backendId);
    folder.account.settle(counted, "delivered", 1);
    folder.reception.confirm();
    return { kind: "delivered", answer: answer.body };
  }
  const { failure } = answer;
  if (!isCreate && failure.status === 404 && folder.reception.isParkedBy(failure, made.namesOthers)) {
    return { kind: "raised", error: errorOfAnswer({ ...failure, pending: true }) };
  }
  const { status, reason, body } = failure;
  entity.log.refuseOp(operation.key, { status, reason, body, at: Date.now() / 1000 });
  folder.account.settle(counted, "rejected", 1);
  return { kind: "raised", error: errorOfAnswer(failure) };
}

function nameOf({ entity }: Folder, isCreate: boolean): OperationName {
  if (entity.kind === "run") return isCreate ? "createRun" : "updateRun";
  return isCreate ? "createExperiment" : "updateExperiment";
}

/** The mirror's own project goes before the client's. */
function withProject(
  { entity, courier }: Folder,
  fields: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { projectId } = courier.config;
  if (entity.kind === "run" || projectId === undefined || fields.project_id !== undefined) return fields;
  return { ...fields, project_id: projectId };
}
