export type {
  CheckpointAdded,
  CheckpointCreate,
  components,
  Entity,
  EvalCreate,
  EvalCreated,
  ExperimentCreate,
  ExperimentCreated,
  ExperimentPatch,
  ExperimentPatched,
  Metrics,
  Prediction,
  PredictionBatch,
  PredictionsLogged,
  Problem,
  paths,
  RunCreate,
  RunCreated,
  RunPatch,
  RunPatched,
  Split,
  Status,
  StepMetric,
  StepMetricLogged,
} from "../generated/types.js";
export type { CallOptions, WaitOptions } from "./api/call-options.js";
export type { CheckpointInput, StepMetricInput } from "./api/inputs.js";
export type { BodyOf, Created, Input, OperationName, ResponseOf, RowAdded, StreamName } from "./api/routes.js";
export { DashboardClient } from "./client.js";
export type { DashboardClientOptions, Fetch, Fsync } from "./config.js";
export type { Counted, Counts, SyncReport } from "./delivery/counters.js";
export type { DeliveryStatus, FailingWrite } from "./delivery/status.js";
export { syncMirror } from "./delivery/sync.js";
export type { SyncOptions } from "./delivery/sync-options.js";
export {
  AuthenticationError,
  BadRequestError,
  ConflictError,
  DashboardClientError,
  EvsysAuthError,
  EvsysError,
  EvsysValidationError,
  MirrorError,
  NotFoundError,
  PermissionDeniedError,
  UnprocessableEntityError,
  type ValidationIssue,
} from "./errors.js";
export type { Logger, LogLevel } from "./logger.js";
export type { BestMode } from "./run/best-score.js";
export { currentRun } from "./run/current-run.js";
export type { NewRunOptions, RunBehaviour, TrackBest, WithRunOptions } from "./run/options.js";
export type { ResumeOptions } from "./run/resume-options.js";
export { ExperimentRun } from "./run/run.js";
export type { MirrorDocument } from "./store/document.js";
export type { EvalReadOptions, MetricReadOptions, ReadOptions } from "./store/read-options.js";
export { type CheckpointRow, type EvalRow, LocalExperimentStore } from "./store/store.js";
