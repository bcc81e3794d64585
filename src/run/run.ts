import type { Prediction } from "../../generated/types.js";
import { type CallOptions, timeoutOf } from "../api/call-options.js";
import type { CheckpointInput } from "../api/inputs.js";
import type { BodyOf, Input, ResponseOf, RowAdded } from "../api/routes.js";
import { isGiven } from "../util/objects.js";
import { onAbort } from "../util/on-abort.js";
import { within } from "../util/within.js";
import type { BestMode } from "./best-score.js";
import { validBestScore, validText } from "./checks.js";
import type { RunContext, StartedRun } from "./context.js";
import { failureMessage, keepStack } from "./failure.js";
import type { Ending } from "./findings.js";
import { ignoredCheckpoint, ignoredEval } from "./ignored.js";
import { markEnded } from "./mark-ended.js";
import { RunCalls } from "./run-calls.js";
import { type CountedStep, type NamedStep, stepOf } from "./step-call.js";
import type { StopSignals } from "./stop-signals.js";
import { refuseExperiment } from "./unknown-experiment.js";

/**
 * A run: its ids, the client's methods with the ids filled in, and the methods that end it. The first ending counts, later
 * ones change nothing. An ending sets the run's status, `duration_seconds` and best score, and the same status on the
 * experiment if the run was started together with it. An experiment that was given by its id keeps its status; it receives
 * the conclusion, and the score if it is the best of the experiment's runs that the mirror knows.
 *
 * A run that has ended accepts no more calls: they throw an EvsysError. If SIGINT or SIGTERM has ended it (`signals`), they
 * are ignored instead.
 */
export class ExperimentRun {
  /** The id of the run's experiment. */
  readonly experimentId: string;
  /** The id of the run. */
  readonly runId: string;
  /** The id of the run: the same as `runId`, by its name in the row that `client.createRun` returns. */
  readonly id: string;
  readonly #context: RunContext;
  readonly #started: StartedRun;
  readonly #calls = new RunCalls();
  readonly #forgetSignals: () => void;
  #ending: Promise<void> | undefined;

  /** @internal Made by `client.startRun` and `client.withRun`. */
  constructor(context: RunContext, started: StartedRun, stopSignals: StopSignals | undefined) {
    this.#context = context;
    this.runId = started.runId;
    this.experimentId = started.experimentId ?? "";
    if (started.experimentId === undefined) refuseExperiment(this, context.client.local.root);
    this.id = started.runId;
    this.#started = started;
    stopSignals?.handle((signal) => this.#stop(signal));
    const forgetAbort = onAbort(started.signal, (reason) => this.#abort(reason));
    this.#forgetSignals = () => {
      stopSignals?.forget();
      forgetAbort();
    };
  }

  /**
   * Logs named series for one step; the default split is `train`. Without a step, the step is one more than the highest
   * logged step of that split, from 0: `run.logStep({ loss: 0.5 })`. A series cannot be named
   * `step`: the step is the first argument, `run.logStep(3, { loss: 0.5 }, { split: "val" })`. The last argument also takes
   * `timeoutMs`.
   */
  logStep(...given: CountedStep | NamedStep): Promise<ResponseOf<"logStepMetric">> {
    const log = async () => {
      const { named, metrics, split, timeoutMs } = stepOf(given);
      const step = named ?? this.#started.steps.next(split);
      return this.#context.delivery.logStepMetric(this.runId, { step, split, metrics }, timeoutMs, (text) => {
        this.#started.steps.note(split, step);
        this.#started.findings.best.observe(text);
      });
    };
    return this.#calls.make("logStep", log, () => ({ ok: true }));
  }

  /** Records an eval of this run. Returns the row, with `id`. */
  logEval(body: Input<BodyOf<"createEval">>, options?: CallOptions): Promise<RowAdded<"createEval">> {
    const log = async () => {
      const timeoutMs = timeoutOf("run.logEval", options);
      const observe = (text: string): void => this.#started.findings.best.observe(text);
      return this.#context.delivery.addRow("createEval", this.runId, body, timeoutMs, observe);
    };
    return this.#calls.make("logEval", log, () => ignoredEval(body));
  }

  /** Records a checkpoint of this run. Returns the row, with `id`. */
  addCheckpoint(body: CheckpointInput, options?: CallOptions): Promise<RowAdded<"addCheckpoint">> {
    const add = () => this.#context.client.addCheckpoint(this.runId, body, options);
    return this.#calls.make("addCheckpoint", add, () => ignoredCheckpoint(body));
  }

  /** Logs predictions of this run. An empty array writes and sends nothing. */
  logPredictions(
    predictions: readonly Input<Prediction>[],
    options?: CallOptions,
  ): Promise<ResponseOf<"logPredictions">> {
    const log = () => this.#context.client.logPredictions(this.runId, predictions, options);
    return this.#calls.make("logPredictions", log, () => ({ ok: true, inserted: 0 }));
  }

  /** Sets fields of this run. A `summary` that is set here is kept when the best score joins it at the end. */
  updateRun(patch: Input<BodyOf<"updateRun">>, options?: CallOptions): Promise<ResponseOf<"updateRun">> {
    const update = async () => {
      const timeoutMs = timeoutOf("run.updateRun", options);
      const observe = (text: string): void => this.#started.findings.observePatch(text);
      return this.#context.delivery.entities.updateRun(this.runId, patch, timeoutMs, observe);
    };
    return this.#calls.make("updateRun", update, () => ({ id: this.runId, patched: [] }));
  }

  /** Sets fields of this run's experiment. */
  updateExperiment(
    patch: Input<BodyOf<"updateExperiment">>,
    options?: CallOptions,
  ): Promise<ResponseOf<"updateExperiment">> {
    const update = () => this.#context.client.updateExperiment(this.experimentId, patch, options);
    return this.#calls.make("updateExperiment", update, () => ({ experiment_id: this.experimentId, patched: [] }));
  }

  /**
   * Sets the best score so far; it takes precedence over a tracked one. It is sent when the run ends: in the run's summary
   * and on the experiment. On an experiment that was given by its id, `mode` says whether the highest (`max`) or the lowest
   * (`min`) score of its runs is best. Default: the mode of `trackBest`, otherwise `max`.
   * @throws EvsysValidationError if the score is not a number, EvsysError if the run has ended.
   */
  setBestScore(score: number, options?: { readonly mode?: BestMode | undefined }): void {
    const mode = validBestScore(score, options);
    if (this.#calls.accepts("setBestScore")) this.#started.findings.best.set(score, mode);
  }

  /**
   * Sets the conclusion. It is sent to the experiment when the run ends.
   * @throws EvsysValidationError if it is not a string, EvsysError if the run has ended.
   */
  setConclusion(conclusion: string): void {
    const text = validText("setConclusion", "conclusion", conclusion);
    if (!this.#calls.accepts("setConclusion")) return;
    // It throws if the experiment is not known: at the end of the run it would be too late.
    if (this.experimentId !== "") this.#started.findings.conclusion = text;
  }

  /** Ends the run as completed, then the experiment if the run created it. Throws the errors of `updateRun` and `updateExperiment`. */
  async complete(options?: CallOptions): Promise<void> {
    return this.#end({ status: "completed" }, timeoutOf("run.complete", options));
  }

  /**
   * Ends the run as cancelled, then the experiment if the run created it. The reason becomes their `error_message`. Throws
   * the errors of `updateRun` and `updateExperiment`.
   */
  async cancel(reason?: string, options?: CallOptions): Promise<void> {
    const error_message = isGiven(reason) ? validText("cancel", "reason", reason) : undefined;
    return this.#end({ status: "cancelled", error_message }, timeoutOf("run.cancel", options));
  }

  /**
   * Ends the run as failed, then the experiment if the run created it, with "Name: message" (500 characters at most) as
   * their `error_message`; the stack stays in the mirror. It throws only for invalid options, so that it does not replace
   * the error that it reports.
   */
  async fail(error: unknown, options?: CallOptions): Promise<void> {
    const timeoutMs = timeoutOf("run.fail", options);
    const { client } = this.#context;
    if (this.#ending === undefined && !client.disabled) keepStack(client.local.root, this.runId, error);
    await this.#end({ status: "failed", error_message: failureMessage(error) }, timeoutMs).catch(() => {});
  }

  /** `await using run = await client.startRun(…)`: a run that has not ended is marked as failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.fail("The run was left without complete(): by an error, or by a return before it.");
  }

  #end(ending: Ending, timeoutMs?: number, late: { isStopping?: boolean; cause?: unknown } = {}): Promise<void> {
    if (this.#ending !== undefined) return this.#ending;
    const { status, error_message } = ending;
    const how = error_message === undefined ? status : `${status} (${error_message})`;
    this.#calls.end({ isStopping: false, ...late, how });
    const ended = { ...this.#started, findings: this.#started.findings, calls: this.#calls };
    this.#ending = markEnded(this.#context, ended, ending, timeoutMs).finally(this.#forgetSignals);
    return this.#ending;
  }

  #stop(signal: NodeJS.Signals): Promise<void> {
    const { client } = this.#context;
    const ending = { status: "cancelled", error_message: `Ended by ${signal}.` } as const;
    const ended = this.#end(ending, undefined, { isStopping: true }).then(() => client.flush());
    return within(client.timeoutMs, undefined, ended);
  }

  #abort(reason: unknown): void {
    const ending = { status: "cancelled", error_message: failureMessage(reason) } as const;
    // The next call that ends the run gets the error.
    this.#end(ending, undefined, { cause: reason }).catch(() => {});
  }
}
