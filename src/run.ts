import { zExperimentCreate, zRunCreate } from "../generated/schemas.js";
import type { ExperimentCreate, Prediction, RunCreate, Split } from "../generated/types.js";
import type { DashboardClient } from "./client.js";
import { accept } from "./delivery/accept.js";
import { EvsysValidationError } from "./errors.js";
import type { CheckpointInput } from "./inputs.js";
import type { AnswerOf, BodyOf, Input, RowAdded } from "./operations.js";
import { issueAt, shown } from "./validation.js";

type RunFields = Input<Omit<RunCreate, "experiment_id" | "status">>;

/** The fields of a run, with those of its new experiment or with the id of one that is there. */
export type WithRunOptions = RunFields &
  ((Input<ExperimentCreate> & { readonly experiment_id?: undefined }) | { readonly experiment_id: string });

type Ending = { readonly status: "completed" } | { readonly status: "failed"; readonly error_message: string };

/** A run under way: its ids, and the client's methods with the ids filled in. */
export class ExperimentRun {
  readonly experimentId: string;
  readonly runId: string;
  readonly #client: DashboardClient;
  #bestScore: number | undefined;
  #conclusion: string | undefined;

  constructor(client: DashboardClient, experimentId: string, runId: string) {
    this.#client = client;
    this.experimentId = experimentId;
    this.runId = runId;
  }

  /** Logs named series for one step; the split is `train` unless said. */
  logStep(
    step: number,
    metrics: Readonly<Record<string, number | null | undefined>>,
    options: { readonly split?: Split | undefined } = {},
  ): Promise<AnswerOf<"logStepMetric">> {
    return this.#client.logStepMetric(this.runId, { step, split: options.split, metrics });
  }

  /** Records an eval of this run. Answers the row, with `id`. */
  logEval(body: Input<BodyOf<"createEval">>): Promise<RowAdded<"createEval">> {
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

  /** Sets fields of this run. */
  updateRun(patch: Input<BodyOf<"updateRun">>): Promise<AnswerOf<"updateRun">> {
    return this.#client.updateRun(this.runId, patch);
  }

  /** Sets fields of this run's experiment. */
  updateExperiment(patch: Input<BodyOf<"updateExperiment">>): Promise<AnswerOf<"updateExperiment">> {
    return this.#client.updateExperiment(this.experimentId, patch);
  }

  /** The best score so far. It is sent when the run ends: in the run's summary and on the experiment. */
  setBestScore(score: number): void {
    this.#bestScore = score;
  }

  /** What was found. It is sent when the run ends, to the experiment. */
  setConclusion(conclusion: string): void {
    this.#conclusion = conclusion;
  }

  /** @internal Marks the run with how it ended, with the best score. */
  async endRun(ending: Ending): Promise<void> {
    await this.updateRun(
      this.#bestScore === undefined ? ending : { ...ending, summary: { best_score: this.#bestScore } },
    );
  }

  /** @internal Marks the experiment with how its run ended, with the best score and the conclusion. */
  async endExperiment(ending: Ending): Promise<void> {
    await this.updateExperiment({ ...ending, best_score: this.#bestScore, conclusion: this.#conclusion });
  }
}

/** Creates the experiment unless there is one, starts the run, and marks both with how the body ended. */
export async function withRun<Result>(
  client: DashboardClient,
  options: WithRunOptions,
  body: (run: ExperimentRun) => Result | Promise<Result>,
): Promise<Result> {
  if (typeof body !== "function") {
    throw new EvsysValidationError("withRun", [
      issueAt([], `expected a function as the second argument, got ${shown(body)}`),
    ]);
  }
  const run = await startRun(client, options);
  let result: Result;
  try {
    result = await body(run);
  } catch (error) {
    // The caller's error is the one to see: one that keeps a mark from being set must not take its place.
    const failed = { status: "failed", error_message: described(error) } as const;
    await run.endRun(failed).catch(() => {});
    await run.endExperiment(failed).catch(() => {});
    throw error;
  }
  await run.endRun({ status: "completed" });
  await run.endExperiment({ status: "completed" });
  return result;
}

async function startRun(client: DashboardClient, options: WithRunOptions): Promise<ExperimentRun> {
  const { experiment_id: given, ...fields } = options;
  const [experimentFields, runFields] = partitioned(fields, Object.keys(zExperimentCreate.shape));
  // Before anything is created: a run that cannot be would leave an empty experiment behind.
  const schema = given === undefined ? zRunCreate.extend(zExperimentCreate.shape) : zRunCreate;
  accept("createRun", { ...options, experiment_id: given ?? "new" }, "withRun", schema);
  // The client holds the fields against the document.
  const experimentId = given ?? (await client.createExperiment(experimentFields as Input<ExperimentCreate>)).id;
  const { id } = await client.createRun({ ...runFields, experiment_id: experimentId, status: "running" });
  return new ExperimentRun(client, experimentId, id);
}

function partitioned(fields: object, names: readonly string[]): [object, object] {
  const entries = Object.entries(fields);
  const isNamed = ([field]: [string, unknown]): boolean => names.includes(field);
  return [Object.fromEntries(entries.filter(isNamed)), Object.fromEntries(entries.filter((entry) => !isNamed(entry)))];
}

function described(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
