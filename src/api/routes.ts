import type * as z from "zod";
import * as schemas from "../../generated/schemas.js";
import type { operations as Documented, Entity, paths } from "../../generated/types.js";

/** The eight methods of the client, by the operation ids of the document. */
export type OperationName = keyof Documented;

/** What an id stands for. An id made offline is replaced by the backend's wherever one of these is named. */
export type EntityKind = "experiment" | "run" | "checkpoint" | "eval";

/** The row streams of a run; each is a file of its own in the mirror. */
export type StreamName = "metrics" | "evals" | "checkpoints" | "predictions";

/** The streams of a run, those first that others name. */
export const STREAMS: readonly StreamName[] = ["checkpoints", "evals", "metrics", "predictions"];

/** What the ids of a stream's rows stand for when other rows name them. */
export const NAMED_IN: Partial<Record<StreamName, EntityKind>> = { checkpoints: "checkpoint", evals: "eval" };

/** The body of an operation as the document has it. */
export type BodyOf<Name extends OperationName> = Documented[Name]["requestBody"]["content"]["application/json"];

/** The body of an operation's successful response. */
export type AnswerOf<Name extends OperationName> = Content<Documented[Name]["responses"]>;

type Content<Responses> = {
  [Status in keyof Responses]: `${Status & (string | number)}` extends `2${string}`
    ? Responses[Status] extends { content: { "application/json": infer Body } }
      ? Body
      : never
    : never;
}[keyof Responses];

/** A body as a caller may write it: null and undefined stand for a field that is not there. */
export type Input<Body> = {
  [Field in keyof Body]: undefined extends Body[Field] ? Body[Field] | null | undefined : Body[Field];
};

/** What a create answers: the fields that were sent, over them what the backend said, and the id. */
export type Created<Name extends "createExperiment" | "createRun"> = BodyOf<Name> &
  Partial<Entity> & {
    /** The backend's id; made here where it could not be asked, and mapped to the backend's wherever it is used. */
    readonly id: string;
  };

/** What adding an eval or a checkpoint answers: the row that was sent, over it what the backend said, and the id. */
export type RowAdded<Name extends "createEval" | "addCheckpoint"> = BodyOf<Name> & {
  /** It is in the mirror. */
  readonly ok: true;
  /** The backend's id where it gave one, else the one made here. */
  readonly id: string;
};

/** One row of the table of routes. */
export interface Operation {
  readonly path: keyof paths;
  readonly body: z.ZodObject;
  readonly answer: z.ZodType;
  /** The entity the path names or the operation makes; its folder is where the write is mirrored. */
  readonly entity: "experiment" | "run";
  /** What the write is to the mirror. */
  readonly kind: "create" | "patch" | "row";
  /** The stream a row goes to. */
  readonly stream?: StreamName;
  /** The fields of the body (of each prediction, for predictions) that hold ids. */
  readonly references?: Readonly<Record<string, EntityKind>>;
}

/** The table of the eight routes: all that the rest of the package knows of them. */
export const operations = {
  createExperiment: {
    path: "/sdk/experiments/",
    body: schemas.zExperimentCreate,
    answer: schemas.zExperimentCreated,
    entity: "experiment",
    kind: "create",
  },
  updateExperiment: {
    path: "/sdk/experiments/{experiment_id}/",
    body: schemas.zExperimentPatch,
    answer: schemas.zExperimentPatched,
    entity: "experiment",
    kind: "patch",
    references: { best_generation_id: "run" },
  },
  createRun: {
    path: "/sdk/runs/",
    body: schemas.zRunCreate,
    answer: schemas.zRunCreated,
    entity: "run",
    kind: "create",
    references: { experiment_id: "experiment" },
  },
  updateRun: {
    path: "/sdk/runs/{run_id}/",
    body: schemas.zRunPatch,
    answer: schemas.zRunPatched,
    entity: "run",
    kind: "patch",
  },
  logStepMetric: {
    path: "/sdk/runs/{run_id}/metrics/",
    body: schemas.zStepMetric,
    answer: schemas.zStepMetricLogged,
    entity: "run",
    kind: "row",
    stream: "metrics",
  },
  createEval: {
    path: "/sdk/runs/{run_id}/evals/",
    body: schemas.zEvalCreate,
    answer: schemas.zEvalCreated,
    entity: "run",
    kind: "row",
    stream: "evals",
    references: { checkpoint_id: "checkpoint" },
  },
  addCheckpoint: {
    path: "/sdk/runs/{run_id}/checkpoints/",
    body: schemas.zCheckpointCreate,
    answer: schemas.zCheckpointAdded,
    entity: "run",
    kind: "row",
    stream: "checkpoints",
  },
  logPredictions: {
    path: "/sdk/runs/{run_id}/predictions/",
    body: schemas.zPredictionBatch,
    answer: schemas.zPredictionsLogged,
    entity: "run",
    kind: "row",
    stream: "predictions",
    references: { eval_id: "eval" },
  },
} as const satisfies Record<OperationName, Operation>;
