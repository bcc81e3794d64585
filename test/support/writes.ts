import type {
  CheckpointCreate,
  DashboardClient,
  EvalCreate,
  ExperimentCreate,
  ExperimentPatch,
  OperationName,
  Prediction,
  RunPatch,
} from "../../src/index.js";

export interface Ids {
  readonly experimentId: string;
  readonly runId: string;
}

/** A call of one of the eight methods, with the path and body of its request. */
export interface Write {
  readonly method: OperationName;
  readonly call: (client: DashboardClient, ids: Ids) => Promise<unknown>;
  readonly path: (ids: Ids) => string;
  readonly body: (ids: Ids) => object;
}

export const EXPERIMENT = {
  experiment_name: "iris",
  hypothesis: "it separates",
  hypothesis_reasoning: "petals",
  plan: "train",
  tags: ["a", "b"],
  project_goal_id: "goal-1",
  config: { nested: { list: [1, null, "x"] } },
  declaration_path: "experiments/iris.yaml",
  is_valid: true,
} as const satisfies ExperimentCreate;

const EXPERIMENT_PATCH = {
  status: "completed",
  best_score: 0.97,
  best_generation_id: "generation-1",
  current_iteration: 3,
  error_message: "none",
  hypothesis: "h",
  hypothesis_reasoning: "r",
  plan: "p",
  conclusion: "c",
  tags: ["z"],
  problem_statement_id: "problem-1",
  is_valid: false,
} as const satisfies ExperimentPatch;

export const RUN = {
  status: "running",
  group_id: "group-1",
  dataset_id: "dataset-1",
  seed: 42,
  recipe_kind: "sft",
  run_config: { base_model: "m", learning_rate: 0.1 },
  wandb_run_url: "https://wandb.example/1",
  tensorboard_path: "./tensorboard",
  tensorboard_archive_url: "s3://bucket/1.tgz",
} as const;

const RUN_PATCH = {
  status: "failed",
  error_message: "Error: out of memory",
  summary: { best_score: 0.9, nested: { a: 1 } },
  duration_seconds: 12.5,
  gpu: "H100",
  hosts: ["a", "b"],
} as const satisfies RunPatch;

export const EVAL = {
  metrics: { accuracy: 0.97, f1: 0.9 },
  benchmark_id: "benchmark-1",
  checkpoint_id: "checkpoint-1",
  model_ref: "m@100",
  step: 100,
  breakdowns: { setosa: { accuracy: 1 } },
  sdk_version: "0.1.0",
} as const satisfies EvalCreate;

export const CHECKPOINT = {
  uri: "s3://bucket/100.json",
  is_final: true,
  label: "step 100",
  step: 100,
  base_model: "m",
} as const satisfies CheckpointCreate;

export const PREDICTION = {
  kind: "eval",
  instruction: "which?",
  model_output: "setosa",
  eval_id: "eval-1",
  task_id: "task-1",
  sample_idx: 2,
  step: 100,
  expected: { any: ["thing", 1, null] },
  reward: 1,
  advantage: -0.5,
  metadata: { probability: 0.98 },
} as const satisfies Prediction;

/** Each method with every optional field. */
export const FULL_WRITES: readonly Write[] = [
  {
    method: "createExperiment",
    call: (client) => client.createExperiment(EXPERIMENT),
    path: () => "/sdk/experiments/",
    body: () => ({ ...EXPERIMENT, project_id: "project-1" }),
  },
  {
    method: "updateExperiment",
    call: (client, { experimentId }) => client.updateExperiment(experimentId, EXPERIMENT_PATCH),
    path: ({ experimentId }) => `/sdk/experiments/${experimentId}/`,
    body: () => EXPERIMENT_PATCH,
  },
  {
    method: "createRun",
    call: (client, { experimentId }) => client.createRun({ experiment_id: experimentId, ...RUN }),
    path: () => "/sdk/runs/",
    body: ({ experimentId }) => ({ experiment_id: experimentId, ...RUN }),
  },
  {
    method: "updateRun",
    call: (client, { runId }) => client.updateRun(runId, RUN_PATCH),
    path: ({ runId }) => `/sdk/runs/${runId}/`,
    body: () => RUN_PATCH,
  },
  {
    method: "logStepMetric",
    call: (client, { runId }) =>
      client.logStepMetric(runId, {
        step: 10,
        split: "val",
        loss: 0.4,
        accuracy: 0.9,
        learning_rate: 0.01,
        grad_norm: 2,
        tokens_per_sec: 1000,
        metrics: { kl: 0.1, loss: 0.4 },
      }),
    path: ({ runId }) => `/sdk/runs/${runId}/metrics/`,
    body: () => ({
      step: 10,
      split: "val",
      metrics: { kl: 0.1, loss: 0.4, accuracy: 0.9, learning_rate: 0.01, grad_norm: 2, tokens_per_sec: 1000 },
    }),
  },
  {
    method: "createEval",
    call: (client, { runId }) => client.createEval(runId, EVAL),
    path: ({ runId }) => `/sdk/runs/${runId}/evals/`,
    body: () => EVAL,
  },
  {
    method: "addCheckpoint",
    call: (client, { runId }) => client.addCheckpoint(runId, CHECKPOINT),
    path: ({ runId }) => `/sdk/runs/${runId}/checkpoints/`,
    body: () => CHECKPOINT,
  },
  {
    method: "logPredictions",
    call: (client, { runId }) => client.logPredictions(runId, [PREDICTION, { ...PREDICTION, kind: "rollout" }]),
    path: ({ runId }) => `/sdk/runs/${runId}/predictions/`,
    body: () => ({ predictions: [PREDICTION, { ...PREDICTION, kind: "rollout" }] }),
  },
];

/** The methods that append to a stream of a run. */
export const ROW_WRITES: readonly (Write & { readonly stream: string })[] = FULL_WRITES.flatMap((write) => {
  const stream = /\/sdk\/runs\/r\/(\w+)\/$/.exec(write.path({ experimentId: "e", runId: "r" }))?.[1];
  return stream === undefined ? [] : [{ ...write, stream }];
});
