import type { Client } from "openapi-fetch";
import type { paths } from "../generated/types.js";
import { validWaitOptions, type WaitOptions } from "./api/call-options.js";
import { ClientWrites } from "./client/writes.js";
import { type DashboardClientOptions, resolveConfig } from "./config.js";
import type { SyncReport } from "./delivery/counters.js";
import { Delivery } from "./delivery/delivery.js";
import type { DeliveryStatus } from "./delivery/status.js";
import { warnIfExposed } from "./http/exposure.js";
import { type Logger, levelled } from "./logger.js";
import { withCallbacksOutsideRuns } from "./run/client-callbacks.js";
import type { RunContext } from "./run/context.js";
import type { WithRunOptions } from "./run/options.js";
import type { ExperimentRun } from "./run/run.js";
import { startRun, withRun } from "./run/start-run.js";
import { LocalExperimentStore } from "./store/store.js";

/**
 * The client of the EvolvingSystems SDK write routes.
 *
 * Every write is validated against the schema, written to the mirror (a local folder) and sent. While the backend is
 * unavailable, calls resolve from the mirror. All methods throw EvsysValidationError for invalid input, MirrorError if the
 * folder cannot be written, and a DashboardClientError if the backend rejects the write.
 */
export class DashboardClient extends ClientWrites {
  /** The backend's address, without trailing slashes. */
  readonly baseUrl: string;
  /** The project that new experiments belong to. */
  readonly projectId: string | undefined;
  /** The longest a call may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether the client sends nothing: it writes to the mirror only, or is disabled. */
  readonly offline: boolean;
  /** Whether the client only validates calls and returns results: it touches neither the disk nor the network. */
  readonly disabled: boolean;
  /** The mirror: `local.root` is its folder; its readers return what was written. Empty for a disabled client. */
  readonly local: LocalExperimentStore;
  readonly #apiKey: string | undefined;
  readonly #delivery: Delivery;
  readonly #logger: Logger;

  /**
   * @throws EvsysAuthError if the API key or the project is missing and the client is neither offline nor disabled.
   * @throws EvsysValidationError for an invalid option or environment variable.
   */
  constructor(options: DashboardClientOptions = {}) {
    const config = withCallbacksOutsideRuns(resolveConfig(options));
    const logger = levelled(config.logLevel, config.logger);
    warnIfExposed(config, logger);
    const { disabled, logDir } = config;
    const local = disabled ? LocalExperimentStore.empty(logDir, logger) : new LocalExperimentStore(logDir, logger);
    const delivery = new Delivery(config, logger, local);
    super(delivery);
    this.baseUrl = config.baseUrl;
    this.projectId = config.projectId;
    this.timeoutMs = config.timeoutMs;
    this.offline = config.offline;
    this.disabled = config.disabled;
    this.local = local;
    this.#apiKey = config.apiKey;
    this.#logger = logger;
    this.#delivery = delivery;
  }

  /** The API key. A getter, so that neither `console.log(client)` nor JSON shows it. */
  get apiKey(): string | undefined {
    return this.#apiKey;
  }

  /**
   * The routes of the backend, typed by its schema: `client.api.POST("/sdk/runs/{run_id}/metrics/", { params, body })`
   * resolves to `{ data, error, response }`, as in openapi-fetch, with its middleware (`use`) and the `signal` option.
   * A request takes at most `timeoutMs` and follows no redirect. It is neither mirrored nor retried.
   * @throws EvsysError if the client is offline, disabled or closed, if no response comes, or if a 2xx response is not JSON;
   * EvsysValidationError for an id or a body that cannot be sent; the reason of `signal` if that aborts the request.
   */
  get api(): Client<paths> {
    return this.#delivery.outbox.api;
  }

  /**
   * Posts any JSON to any path below `{baseUrl}/api/dashboard/api`. It is not mirrored.
   * @returns the JSON of the response, `{ _raw: text }` if the response is not JSON, null if nothing was sent, such as by a
   * client that is offline or disabled.
   */
  post(path: string, body?: unknown): Promise<unknown> {
    return this.#delivery.post(path, body);
  }

  /**
   * Calls a function with a new run, or with the one that `run_id` resumes, then marks the run as completed, or as failed with "Name: message" if the function
   * throws. `currentRun()` returns the run anywhere in the function. If `signal` aborts, the run is cancelled with the signal's reason.
   * @returns what the function returns. @throws what the function throws, the same error.
   */
  withRun<Result>(options: WithRunOptions, body: (run: ExperimentRun) => Result | Promise<Result>): Promise<Result> {
    return withRun(this.#runContext(), options, body);
  }

  /**
   * Starts a run that the caller ends: `await using run = await client.startRun({ … })`, then `await run.complete()`.
   * Takes the options of `withRun`.
   *
   * `run_id` resumes a run that exists, online or offline: its id in the mirror, or the backend's. The steps of each split, the
   * tracked best score, the summary and `duration_seconds` continue from the mirror. A mirror that the run did not begin in knows
   * none of them: `logStep` needs the first step of each split then, and `experiment_id` is needed for whatever concerns the
   * experiment. Fields of a run that exists are set with `updateRun`.
   * @throws EvsysValidationError for invalid options, a run that is completed unless `reopen` is true, and a run of another
   * project; NotFoundError if the backend does not know the run.
   * @returns the run, with status running. A run that is disposed of before it has ended is marked as failed.
   */
  startRun(options: WithRunOptions): Promise<ExperimentRun> {
    return startRun(this.#runContext(), options);
  }

  /** The state of the delivery. Cheap: you can call it at every step. */
  status(): DeliveryStatus {
    return this.#delivery.outbox.status;
  }

  /**
   * Waits until pending writes are sent: one attempt for each without `timeoutMs`, as many as the time allows with it. Writes
   * that are still pending afterwards are sent later. An unavailable backend is not an error.
   * @returns counts of the writes, in total and by kind. @throws EvsysValidationError for invalid options.
   */
  async flush(options?: WaitOptions): Promise<SyncReport> {
    const wait = validWaitOptions("flush", options);
    await this.#delivery.input.readAll();
    return this.#delivery.outbox.flush(wait);
  }

  /**
   * Flushes, then releases connections and files. The client accepts no call afterwards. Closing again returns the same
   * report.
   * @throws EvsysValidationError for invalid options; the client stays open.
   */
  async close(options?: WaitOptions): Promise<SyncReport> {
    const wait = validWaitOptions("close", options);
    this.#delivery.input.close();
    await this.#delivery.input.readAll();
    return this.#delivery.outbox.close(wait);
  }

  /** `await using client = new DashboardClient()` closes it at the end of the block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #runContext(): RunContext {
    return { client: this, delivery: this.#delivery, logger: this.#logger };
  }
}
