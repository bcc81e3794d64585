import type { StreamName } from "../api/routes.js";
import type { FolderKind } from "../store/paths.js";

/** A step of the send order: the rows of some streams, or the creates or patches of one kind of entity. */
export type SendStep =
  | { readonly streams: readonly StreamName[] }
  | { readonly entity: FolderKind; readonly kind: "create" | "patch" };

/** The order in which a backlog is sent: parents before children, rows before the patches that complete their run. */
export const SEND_ORDER: readonly SendStep[] = [
  { entity: "experiment", kind: "create" },
  { entity: "run", kind: "create" },
  { streams: ["checkpoints"] },
  { streams: ["evals"] },
  { streams: ["metrics", "predictions"] },
  { entity: "run", kind: "patch" },
  { entity: "experiment", kind: "patch" },
];
