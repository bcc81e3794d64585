import type * as z from "zod";
import * as schemas from "../../generated/schemas.js";
import type { operations as Documented, Entity, paths } from "../../generated/types.js";

/** The eight write methods of the client, named by the schema's operation ids. */
export type OperationName = keyof Documented;

/** The kinds of entity that have an id. An id generated offline is replaced by the backend's wherever it is used. */
export type EntityKind = "experiment" | "run" | "checkpoint" | "eval";

/** The row streams of a run; each is a separate file in the mirror. */
export type StreamName = "metrics" | "evals" | "checkpoints" | "predictions";

/** The streams of a run; those that others refer to come first. */
export const STREAMS: readonly StreamName[] = ["checkpoints", "evals", "metrics", "predictions"];

/** The kind of entity that a stream's rows are, if other rows can refer to them. */
export const ID_KIND_OF: Partial<Record<StreamName, EntityKind>> = { checkpoints: "checkpoint", evals: "eval" };

/** The request body of an operation, as the schema defines it. */
export type BodyOf<Name extends OperationName> = Documented[Name]["requestBody"]["content"]["application/json"];

/** The body of an operation's successful response. */
export type ResponseOf<Name extends OperationName> = Content<Documented[Name]["responses"]>;

type Content<Responses> = {
  [Status in keyof Responses]: `${Status & (string | number)}` extends `2${string}`
    ? Responses[Status] extends { content: { "application/json": infer Body } }
      ? Body
      : never
    : never;
}[keyof Responses];

/** A body as a caller may pass it: null and undefined mean that a field is absent. */
export type Input<Body> = {
  [Field in keyof Body]: undefined extends Body[Field] ? Body[Field] | null | undefined : Body[Field];
};

/** The result of a create: the fields sent, overlaid with the backend's response, and the id. */
export type Created<Name extends "createExperiment" | "createRun"> = BodyOf<Name> &
  Partial<Entity> & {
    /** The backend's id, or a UUID generated offline, which is replaced by the backend's id wherever it is used. */
    readonly id: string;
  };

/** The result of adding an eval or a checkpoint: the row sent, overlaid with the backend's response, and the id. */
export type RowAdded<Name extends "createEval" | "addCheckpoint"> = BodyOf<Name> & {
  /** The row is in the mirror. */
  readonly ok: true;
  /** The backend's id if it returned one, else a generated one. */
  readonly id: string;
};

/** A route of the backend, as far as this package needs to know it. */
export interface Route {
  readonly path: keyof paths;
  readonly body: z.ZodObject;
  readonly response: z.ZodType;
  /** The entity that the path refers to or that the operation creates. The write is mirrored in its folder. */
  readonly entity: "experiment" | "run";
  readonly kind: "create" | "patch" | "row";
  /** The stream that a row is appended to. */
  readonly stream?: StreamName;
  /** The fields of the body (for predictions, of each prediction) that contain ids. */
  readonly references?: Readonly<Record<string, EntityKind>>;
}

/** The table of the eight routes: the only place that lists them. */
export const ROUTES = {
  createExperiment: {
    path: "/sdk/experiments/",
    body: schemas.zExperimentCreate,
    response: schemas.zExperimentCreated,
    entity: "experiment",
    kind: "create",
  },
  updateExperiment: {
    path: "/sdk/experiments/{experiment_id}/",
    body: schemas.zExperimentPatch,
    response: schemas.zExperimentPatched,
    entity: "experiment",
    kind: "patch",
    references: { best_generation_id: "run" },
  },
  createRun: {
    path: "/sdk/runs/",
    body: schemas.zRunCreate,
    response: schemas.zRunCreated,
    entity: "run",
    kind: "create",
    references: { experiment_id: "experiment" },
  },
  updateRun: {
    path: "/sdk/runs/{run_id}/",
    body: schemas.zRunPatch,
    response: schemas.zRunPatched,
    entity: "run",
    kind: "patch",
  },
  logStepMetric: {
    path: "/sdk/runs/{run_id}/metrics/",
    body: schemas.zStepMetric,
    response: schemas.zStepMetricLogged,
    entity: "run",
    kind: "row",
    stream: "metrics",
  },
  createEval: {
    path: "/sdk/runs/{run_id}/evals/",
    body: schemas.zEvalCreate,
    response: schemas.zEvalCreated,
    entity: "run",
    kind: "row",
    stream: "evals",
    references: { checkpoint_id: "checkpoint" },
  },
  addCheckpoint: {
    path: "/sdk/runs/{run_id}/checkpoints/",
    body: schemas.zCheckpointCreate,
    response: schemas.zCheckpointAdded,
    entity: "run",
    kind: "row",
    stream: "checkpoints",
  },
  logPredictions: {
    path: "/sdk/runs/{run_id}/predictions/",
    body: schemas.zPredictionBatch,
    response: schemas.zPredictionsLogged,
    entity: "run",
    kind: "row",
    stream: "predictions",
    references: { eval_id: "eval" },
  },
} as const satisfies Record<OperationName, Route>;
