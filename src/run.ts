import type { Prediction } from "../generated/types.js";
import type { DashboardClient } from "./client.js";
import { within } from "./delivery/live.js";
import { EvsysValidationError } from "./errors.js";
import type { CheckpointInput } from "./inputs.js";
import type { Logger } from "./logger.js";
import { isGiven, isObject } from "./objects.js";
import type { AnswerOf, BodyOf, Input, RowAdded } from "./operations.js";
import { keepStack, messageOf } from "./run/failure.js";
import { type Ending, Findings } from "./run/findings.js";
import type { TrackBest } from "./run/options.js";
import { type CountedStep, isCounted, misplaced, type NamedStep } from "./run/step-call.js";
import { StepCounter } from "./run/step-counter.js";
import { onStopSignal } from "./run/stop-signals.js";
import { issueAt, shown } from "./validation.js";

/** What a run that has been started is made of. */
interface Started {
  readonly experimentId: string;
  readonly runId: string;
  /** Whether the experiment ends with the run. */
  readonly endsExperiment: boolean;
  readonly signals: boolean;
  readonly trackBest: TrackBest | undefined;
  readonly logger: Logger;
}

/**
 * A run under way: its ids, the client's methods with the ids filled in, and the ways to end it. The first ending counts,
 * and later ones change nothing. It sets the run's status, `duration_seconds` and best score, and the same status on the
 * experiment where the run made it. An experiment that was given by its id keeps its status: it gets no more than the score
 * and the conclusion that were set on the run.
 */
export class ExperimentRun {
  /** The id of the run's experiment. */
  readonly experimentId: string;
  /** The id of the run. */
  readonly runId: string;
  /** The id of the run: the same as `runId`, by the name it has in the row that `client.createRun` answers. */
  readonly id: string;
  readonly #client: DashboardClient;
  readonly #logger: Logger;
  readonly #endsExperiment: boolean;
  readonly #steps = new StepCounter();
  readonly #findings: Findings;
  readonly #forgetSignals: () => void;
  #ending: Promise<void> | undefined;

  /** @internal Made by `client.startRun` and `client.withRun`. */
  constructor(client: DashboardClient, started: Started) {
    this.#client = client;
    this.#logger = started.logger;
    this.experimentId = started.experimentId;
    this.runId = started.runId;
    this.id = started.runId;
    this.#endsExperiment = started.endsExperiment;
    this.#findings = new Findings(started.trackBest);
    this.#forgetSignals = started.signals ? onStopSignal((signal) => this.#stop(signal)) : () => {};
  }

  /**
   * Logs named series for one step; the split is `train` unless said. Without a step it is one more than the highest step
   * of that split that this run object has logged, from 0: `run.logStep({ loss: 0.5 })`. A series cannot be named `step`:
   * the step is the first argument, `run.logStep(3, { loss: 0.5 }, { split: "val" })`.
   */
  logStep(...given: CountedStep | NamedStep): Promise<AnswerOf<"logStepMetric">> {
    const error = misplaced(given);
    if (error !== undefined) return Promise.reject(error);
    const [named, metrics, options] = isCounted(given) ? [undefined, ...given] : given;
    const split = options?.split ?? "train";
    this.#findings.best.look(metrics);
    return this.#client.logStepMetric(this.runId, { step: this.#steps.take(split, named), split, metrics });
  }

  /** Records an eval of this run. Answers the row, with `id`. */
  logEval(body: Input<BodyOf<"createEval">>): Promise<RowAdded<"createEval">> {
    this.#findings.best.look(body?.metrics);
    return this.#client.createEval(this.runId, body);
  }

  /** Records a checkpoint of this run. Answers the row, with `id`. */
  addCheckpoint(body: CheckpointInput): Promise<RowAdded<"addCheckpoint">> {
    return this.#client.addCheckpoint(this.runId, body);
  }

  /** Logs a batch of predictions of this run. */
  logPredictions(predictions: readonly Input<Prediction>[]): Promise<AnswerOf<"logPredictions">> {
    return this.#client.logPredictions(this.runId, predictions);
  }

  /** Sets fields of this run. A `summary` set here is kept when the best score joins it at the end. */
  updateRun(patch: Input<BodyOf<"updateRun">>): Promise<AnswerOf<"updateRun">> {
    if (isObject(patch?.summary)) this.#findings.summary = patch.summary;
    return this.#client.updateRun(this.runId, patch);
  }

  /** Sets fields of this run's experiment. */
  updateExperiment(patch: Input<BodyOf<"updateExperiment">>): Promise<AnswerOf<"updateExperiment">> {
    return this.#client.updateExperiment(this.experimentId, patch);
  }

  /**
   * The best score so far; it goes before a tracked one. Sent when the run ends: in the run's summary and on the experiment.
   * @throws EvsysValidationError for what is no number.
   */
  setBestScore(score: number): void {
    refuseUnless("number", "setBestScore", "score", score);
    this.#findings.best.set(score);
  }

  /**
   * What was found. It is sent when the run ends, to the experiment.
   * @throws EvsysValidationError for what is no string.
   */
  setConclusion(conclusion: string): void {
    refuseUnless("string", "setConclusion", "conclusion", conclusion);
    this.#findings.conclusion = conclusion;
  }

  /** Ends the run as completed, then the experiment that it made. Throws what the client throws. */
  complete(): Promise<void> {
    return this.#end({ status: "completed" });
  }

  /** Ends the run as cancelled, and the experiment that it made; the reason becomes their `error_message`. Throws what the client throws. */
  cancel(reason?: string): Promise<void> {
    return this.#end({ status: "cancelled", error_message: reason });
  }

  /**
   * Ends the run as failed, and the experiment that it made, with "Name: message" (500 characters at most) as their
   * `error_message`; the stack stays in the mirror. It never throws: the error that is being told is the one to see.
   */
  async fail(error: unknown): Promise<void> {
    try {
      if (this.#ending === undefined) keepStack(this.#client.local.root, this.runId, error);
    } catch {
      // A stack that cannot be kept must not keep the run from being marked.
    }
    await this.#end({ status: "failed", error_message: messageOf(error) }).catch(() => {});
  }

  /** `await using run = await client.startRun(…)`: a run that is left without an ending has failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.fail("The run was left without complete(): by an error, or by a return before it.");
  }

  #end(ending: Ending): Promise<void> {
    this.#ending ??= this.#mark(ending).finally(this.#forgetSignals);
    return this.#ending;
  }

  /** Both are told, also where one of them is refused; the first refusal is thrown. */
  async #mark(ending: Ending): Promise<void> {
    const slip = this.#findings.best.slip;
    if (ending.status === "completed" && slip !== undefined) this.#logger.warn(slip);
    const ofExperiment = this.#endsExperiment
      ? this.#findings.forOwnExperiment(ending)
      : this.#findings.forSharedExperiment();
    const failures: unknown[] = [];
    await this.#client.updateRun(this.runId, this.#findings.forRun(ending)).catch((error) => failures.push(error));
    if (Object.values(ofExperiment).some(isGiven)) {
      await this.updateExperiment(ofExperiment).catch((error) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  #stop(signal: NodeJS.Signals): Promise<void> {
    const told = this.cancel(`Ended by ${signal}.`).then(() => this.#client.flush());
    return within(this.#client.timeoutMs, told);
  }
}

/** At the end of the run it would be too late to say so. */
function refuseUnless(type: "number" | "string", method: string, field: string, given: unknown): void {
  if (typeof given === type) return;
  throw new EvsysValidationError(`run.${method}`, [issueAt([field], `expected a ${type}, got ${shown(given)}`)]);
}
