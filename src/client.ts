import type { Client } from "openapi-fetch";
import type { ExperimentCreate, ExperimentPatch, Prediction, paths, RunCreate, RunPatch } from "../generated/types.js";
import { type DashboardClientOptions, resolveConfig } from "./config.js";
import { Delivery } from "./delivery/delivery.js";
import type { DeliveryStatus } from "./delivery/outbox.js";
import type { SyncReport } from "./delivery/report.js";
import { warnIfExposed } from "./exposure.js";
import { type CheckpointInput, type StepMetricInput, withDefaults } from "./inputs.js";
import { type Logger, levelled } from "./logger.js";
import { LocalExperimentStore } from "./mirror/store.js";
import type { AnswerOf, BodyOf, Created, Input, RowAdded } from "./operations.js";
import type { WithRunOptions } from "./run/options.js";
import { startRun, withRun } from "./run/start-run.js";
import type { ExperimentRun } from "./run.js";

/** How long to wait, at the longest. */
export interface WaitOptions {
  /** In milliseconds. Default: as long as it takes. */
  readonly timeoutMs?: number | undefined;
}

/**
 * The client of the EvolvingSystems SDK write routes.
 *
 * Every write is checked against the document, mirrored to a local folder and sent. When the backend is away, calls go
 * on resolving from the mirror. All methods throw EvsysValidationError for input that does not fit, MirrorError where
 * the folder cannot be written, and a DashboardClientError where the backend says no.
 */
export class DashboardClient {
  /** The backend's address, without trailing slashes. */
  readonly baseUrl: string;
  /** The project that new experiments belong to. */
  readonly projectId: string | undefined;
  /** The longest a call may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether the client writes to the mirror only. */
  readonly offline: boolean;
  /** The mirror: its folder is `local.root`, its readers give back what was written. */
  readonly local: LocalExperimentStore;
  readonly #apiKey: string | undefined;
  readonly #delivery: Delivery;
  readonly #logger: Logger;

  /**
   * @throws EvsysAuthError where the API key or the project is missing and the client is not offline.
   * @throws EvsysValidationError where an option or a variable does not fit.
   */
  constructor(options: DashboardClientOptions = {}) {
    const config = resolveConfig(options);
    const logger = levelled(config.logLevel, config.logger);
    warnIfExposed(config, logger);
    this.baseUrl = config.baseUrl;
    this.projectId = config.projectId;
    this.timeoutMs = config.timeoutMs;
    this.offline = config.offline;
    this.local = new LocalExperimentStore(config.logDir, logger);
    this.#apiKey = config.apiKey;
    this.#logger = logger;
    this.#delivery = new Delivery(config, logger, this.local);
  }

  /** The API key. A getter, so that neither `console.log(client)` nor JSON shows it. */
  get apiKey(): string | undefined {
    return this.#apiKey;
  }

  /**
   * The routes of the backend, typed by its schema: `client.api.POST("/sdk/runs/{run_id}/metrics/", { params, body })`
   * resolves to `{ data, error, response }`, as in openapi-fetch, with its middleware (`use`) and the `signal` option.
   * A request takes at most `timeoutMs` and follows no redirect. It is neither mirrored nor retried.
   * @throws EvsysError if the client is offline or closed, if no response comes, or if a 2xx response is not JSON;
   * EvsysValidationError for an id or a body that cannot be sent; the reason of `signal` if that aborts the request.
   */
  get api(): Client<paths> {
    return this.#delivery.outbox.api;
  }

  /** Creates an experiment (`/sdk/experiments/`, `experiment.json`). Answers the row: what was sent, what the backend added, and `id`. */
  createExperiment(body: Input<ExperimentCreate>): Promise<Created<"createExperiment">> {
    return this.#delivery.createExperiment(withDefaults(body, { project_id: this.projectId }));
  }

  /** Sets fields of an experiment (`/sdk/experiments/{experiment_id}/`, `experiment.json`). Answers which were set. */
  updateExperiment(experimentId: string, patch: Input<ExperimentPatch>): Promise<AnswerOf<"updateExperiment">> {
    return this.#delivery.updateExperiment(experimentId, patch);
  }

  /** Creates a run (`/sdk/runs/`, `generation.json`), pending unless `status` says otherwise. Answers the row, with `id`. */
  createRun(body: Input<RunCreate>): Promise<Created<"createRun">> {
    return this.#delivery.createRun(withDefaults(body, { status: "pending" }));
  }

  /** Sets fields of a run (`/sdk/runs/{run_id}/`, `generation.json`), further ones than the document lists too. Answers which were set. */
  updateRun(runId: string, patch: Input<RunPatch>): Promise<AnswerOf<"updateRun">> {
    return this.#delivery.updateRun(runId, patch);
  }

  /** Logs the metrics of one step (`/sdk/runs/{run_id}/metrics/`, `metrics.jsonl`). */
  logStepMetric(runId: string, input: StepMetricInput): Promise<AnswerOf<"logStepMetric">> {
    return this.#delivery.logStepMetric(runId, input);
  }

  /** Records an eval (`/sdk/runs/{run_id}/evals/`, `evals.jsonl`). Answers the row, with `id`. */
  createEval(runId: string, body: Input<BodyOf<"createEval">>): Promise<RowAdded<"createEval">> {
    return this.#delivery.createEval(runId, body);
  }

  /** Records a checkpoint (`/sdk/runs/{run_id}/checkpoints/`, `checkpoints.jsonl`). Answers the row, with `id`. */
  addCheckpoint(runId: string, body: CheckpointInput): Promise<RowAdded<"addCheckpoint">> {
    return this.#delivery.addCheckpoint(runId, withDefaults(body, { is_final: false }));
  }

  /** Logs a batch of predictions (`/sdk/runs/{run_id}/predictions/`, a line each in `predictions.jsonl`). Answers how many were taken. */
  logPredictions(runId: string, predictions: readonly Input<Prediction>[]): Promise<AnswerOf<"logPredictions">> {
    return this.#delivery.logPredictions(runId, predictions);
  }

  /**
   * Posts any JSON to any path below `{baseUrl}/api/dashboard/api`. It is not mirrored.
   * @returns the JSON of the answer, `{ _raw: text }` where the answer is no JSON, null where it was not sent.
   */
  post(path: string, body?: unknown): Promise<unknown> {
    return this.#delivery.post(path, body);
  }

  /**
   * Runs a function inside a run, and tells the backend how it ended: completed, or failed with "Name: message".
   * @returns what the function returns. @throws what the function throws, the same error.
   */
  withRun<Result>(options: WithRunOptions, body: (run: ExperimentRun) => Result | Promise<Result>): Promise<Result> {
    return withRun(this, this.#logger, options, body);
  }

  /**
   * Starts a run that the caller ends: `await using run = await client.startRun({ … })`, then `await run.complete()`.
   * Takes what `withRun` takes.
   * @returns the run, which is running. Left without an ending, it is marked failed when it is disposed of.
   */
  startRun(options: WithRunOptions): Promise<ExperimentRun> {
    return startRun(this, this.#logger, options);
  }

  /** Where the client stands towards the backend. Costs nothing: it may be asked at every step. */
  status(): DeliveryStatus {
    return this.#delivery.outbox.status;
  }

  /**
   * Waits until what is pending has been sent: one honest try without `timeoutMs`, as many as it takes within it. Answers
   * what became of the writes; what is still pending goes out later. Never throws for a backend that is away.
   */
  flush(options: WaitOptions = {}): Promise<SyncReport> {
    return this.#delivery.outbox.flush(options.timeoutMs);
  }

  /**
   * Flushes, then gives back connections and files. The client takes no call afterwards. Closing again answers the same
   * report.
   */
  close(options: WaitOptions = {}): Promise<SyncReport> {
    this.#delivery.close();
    return this.#delivery.outbox.close(options.timeoutMs);
  }

  /** `await using client = new DashboardClient()` closes it at the end of the block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
