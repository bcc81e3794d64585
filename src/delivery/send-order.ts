import type { StreamName } from "../api/routes.js";
import type { EntityOutbox } from "./entity-outbox.js";

/** A step of the send order. */
export interface SendStep {
  readonly streams: readonly StreamName[];
  /** The creates or patches of one kind of entity. */
  readonly operation?: { readonly entity: "experiment" | "run"; readonly kind: "create" | "patch" };
}

/** The order in which a backlog goes out: parents before children, rows before the patches that close them. */
export const SEND_ORDER: readonly SendStep[] = [
  { streams: [], operation: { entity: "experiment", kind: "create" } },
  { streams: [], operation: { entity: "run", kind: "create" } },
  { streams: ["checkpoints"] },
  { streams: ["evals"] },
  { streams: ["metrics", "predictions"] },
  { streams: [], operation: { entity: "run", kind: "patch" } },
  { streams: [], operation: { entity: "experiment", kind: "patch" } },
];

/** Whether an entity has something of a step to send now. */
export function hasBacklog(outbox: EntityOutbox, { streams, operation }: SendStep): boolean {
  if (!outbox.maySendBacklog()) return false;
  if (operation?.entity === outbox.store.kind) return outbox.hasOperationBacklog(operation.kind);
  return streams.length > 0 && outbox.hasRowBacklog(streams);
}

/** Sends one write of a step, due or not; false if there is none. */
export function probeStep(
  outbox: EntityOutbox,
  { streams, operation }: SendStep,
  prefersFresh: boolean,
): Promise<boolean> {
  const kind = operation?.entity === outbox.store.kind ? operation.kind : undefined;
  return outbox.pump.probe(streams, kind, prefersFresh);
}
