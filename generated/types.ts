// Generated from openapi/evsys-sdk.yaml by `npm run generate`. Do not edit: change the schema and generate again.
/** @hidden */
export interface paths {
    readonly "/sdk/experiments/": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Create an experiment
         * @description Creates an experiment in a project.
         */
        readonly post: operations["createExperiment"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/sdk/experiments/{experiment_id}/": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Change fields of an experiment
         * @description Sets the given fields; the others do not change.
         */
        readonly post: operations["updateExperiment"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/sdk/runs/": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Create a run
         * @description Creates a run of an experiment.
         */
        readonly post: operations["createRun"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/sdk/runs/{run_id}/": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Change fields of a run
         * @description Sets the given fields; the others do not change. Fields that are not listed are allowed.
         */
        readonly post: operations["updateRun"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/sdk/runs/{run_id}/metrics/": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Log the metrics of one step
         * @description Adds one row of named series to a run's curves.
         */
        readonly post: operations["logStepMetric"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/sdk/runs/{run_id}/evals/": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Record an eval
         * @description Adds the result of one evaluation of a run or of one of its checkpoints.
         */
        readonly post: operations["createEval"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/sdk/runs/{run_id}/checkpoints/": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Record a checkpoint
         * @description Records where a checkpoint of a run is stored.
         */
        readonly post: operations["addCheckpoint"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/sdk/runs/{run_id}/predictions/": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Log a batch of predictions
         * @description Adds the responses of a model to a number of tasks, in an eval or a rollout.
         */
        readonly post: operations["logPredictions"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export type webhooks = Record<string, never>;
/** @hidden */
export interface components {
    schemas: {
        /**
         * @description The status of an experiment or a run.
         * @enum {string}
         */
        readonly Status: "pending" | "running" | "completed" | "failed" | "cancelled";
        /**
         * @description The part of the data a metric was measured on.
         * @enum {string}
         */
        readonly Split: "train" | "val" | "test";
        /** @description An integer that every client can represent exactly. */
        readonly WholeNumber: number;
        /** @description A new experiment. */
        readonly ExperimentCreate: {
            /** @description The name of the experiment in the dashboard. */
            readonly experiment_name: string;
            /** @description The project the experiment belongs to. The client fills it in. */
            readonly project_id?: string;
            /** @description What is expected to happen. */
            readonly hypothesis?: string;
            /** @description Why it is expected. */
            readonly hypothesis_reasoning?: string;
            /** @description How it will be tested. */
            readonly plan?: string;
            /** @description Words to find the experiment by. */
            readonly tags?: readonly string[];
            /** @description The project goal the experiment serves. */
            readonly project_goal_id?: string;
            /** @description Settings shared by the experiment's runs, in any shape. */
            readonly config?: {
                readonly [key: string]: unknown;
            };
            /** @description The file that declares the experiment, relative to the project. */
            readonly declaration_path?: string;
            /** @description Whether the results may be counted. */
            readonly is_valid?: boolean;
        };
        /** @description Fields of an experiment to set; at least one. */
        readonly ExperimentPatch: {
            readonly status?: components["schemas"]["Status"];
            /** @description The best score of the experiment's runs; null if it is not a finite number. */
            readonly best_score?: number | null;
            /** @description The run with the best score. */
            readonly best_generation_id?: string;
            /** @description The number of completed rounds of the experiment. */
            readonly current_iteration?: components["schemas"]["WholeNumber"];
            /** @description Why the experiment failed. */
            readonly error_message?: string;
            /** @description What is expected to happen. */
            readonly hypothesis?: string;
            /** @description Why it is expected. */
            readonly hypothesis_reasoning?: string;
            /** @description How it will be tested. */
            readonly plan?: string;
            /** @description What was found. */
            readonly conclusion?: string;
            /** @description Words to find the experiment by. They replace the old ones. */
            readonly tags?: readonly string[];
            /** @description The problem statement that the experiment addresses. */
            readonly problem_statement_id?: string;
            /** @description Whether the results may be counted. */
            readonly is_valid?: boolean;
        };
        /** @description A new run. */
        readonly RunCreate: {
            /** @description The experiment the run belongs to. */
            readonly experiment_id: string;
            readonly status?: components["schemas"]["Status"];
            /** @description The group of runs that differ only by seed. */
            readonly group_id?: string;
            /** @description The dataset the run reads. */
            readonly dataset_id?: string;
            /** @description The seed of the run's random numbers. */
            readonly seed?: components["schemas"]["WholeNumber"];
            /** @description The kind of recipe, such as sft, rl or distillation. */
            readonly recipe_kind?: string;
            /** @description Settings of the run in any shape, with the base model. */
            readonly run_config?: {
                readonly [key: string]: unknown;
            };
            /** @description The same run on Weights & Biases. */
            readonly wandb_run_url?: string;
            /** @description The folder of the run's TensorBoard files. */
            readonly tensorboard_path?: string;
            /** @description The location of the archived TensorBoard files of the run. */
            readonly tensorboard_archive_url?: string;
        };
        /** @description Fields of a run to set; at least one. Fields that are not listed are allowed. */
        readonly RunPatch: {
            readonly status?: components["schemas"]["Status"];
            /** @description Why the run failed. */
            readonly error_message?: string;
            /** @description Final results of the run in any shape. */
            readonly summary?: {
                readonly [key: string]: unknown;
            };
            /** @description The duration of the run, in seconds; null if it is not a finite number. */
            readonly duration_seconds?: number | null;
        } & {
            readonly [key: string]: unknown;
        };
        /** @description The metrics of one step on one split. */
        readonly StepMetric: {
            /** @description The training step, counted by the caller. */
            readonly step: components["schemas"]["WholeNumber"];
            readonly split: components["schemas"]["Split"];
            readonly metrics: components["schemas"]["Metrics"];
        };
        /** @description Finite numbers by the name of their series. */
        readonly Metrics: {
            readonly [key: string]: number;
        };
        /** @description The result of one evaluation. */
        readonly EvalCreate: {
            readonly metrics: components["schemas"]["Metrics"];
            /** @description The benchmark that was run. */
            readonly benchmark_id?: string;
            /** @description The checkpoint that was evaluated. */
            readonly checkpoint_id?: string;
            /** @description The model that was evaluated, if there is no checkpoint. */
            readonly model_ref?: string;
            /** @description The training step of the model that was evaluated. */
            readonly step?: components["schemas"]["WholeNumber"];
            /** @description The same results by part of the benchmark, in any shape. */
            readonly breakdowns?: {
                readonly [key: string]: unknown;
            };
            /** @description The version of the client that evaluated. */
            readonly sdk_version?: string;
        };
        /** @description The location of a checkpoint. */
        readonly CheckpointCreate: {
            /** @description The address of the checkpoint. */
            readonly uri: string;
            /** @description Whether this is the run's last checkpoint. */
            readonly is_final: boolean;
            /** @description A name for people. */
            readonly label?: string;
            /** @description The training step it was taken at. */
            readonly step?: components["schemas"]["WholeNumber"];
            /** @description The model the training started from. */
            readonly base_model?: string;
        };
        /** @description Predictions that are sent together. */
        readonly PredictionBatch: {
            /** @description The predictions, in the order they were made. */
            readonly predictions: readonly components["schemas"]["Prediction"][];
        };
        /** @description One response of a model to one task. */
        readonly Prediction: {
            /**
             * @description Whether it belongs to an evaluation or to training.
             * @enum {string}
             */
            readonly kind: "eval" | "rollout";
            /** @description The prompt of the model. */
            readonly instruction: string;
            /** @description The response of the model. */
            readonly model_output: string;
            /** @description The eval it belongs to. */
            readonly eval_id?: string;
            /** @description The task within the benchmark or the environment. */
            readonly task_id?: string;
            /** @description Which of several samples of one task. */
            readonly sample_idx?: components["schemas"]["WholeNumber"];
            /** @description The training step of the model. */
            readonly step?: components["schemas"]["WholeNumber"];
            /** @description The expected answer, of any type. */
            readonly expected?: unknown;
            /** @description The reward of the prediction; null if it is not a finite number. */
            readonly reward?: number | null;
            /** @description The advantage of the prediction; null if it is not a finite number. */
            readonly advantage?: number | null;
            /** @description Anything else, in any shape. */
            readonly metadata?: {
                readonly [key: string]: unknown;
            };
        };
        /** @description The experiment as the backend stores it. */
        readonly ExperimentCreated: {
            readonly experiment: components["schemas"]["Entity"];
        } & {
            readonly [key: string]: unknown;
        };
        /** @description The run as the backend stores it. */
        readonly RunCreated: {
            readonly run: components["schemas"]["Entity"];
        } & {
            readonly [key: string]: unknown;
        };
        /** @description A row of the backend, with its id and any further fields. */
        readonly Entity: {
            /** @description The backend's id. */
            readonly id: string;
        } & {
            readonly [key: string]: unknown;
        };
        /** @description Which fields of which experiment were set. */
        readonly ExperimentPatched: {
            /** @description The experiment's id. */
            readonly experiment_id: string;
            /** @description The names of the fields that were set. */
            readonly patched: readonly string[];
        } & {
            readonly [key: string]: unknown;
        };
        /** @description Which fields of which run were set. */
        readonly RunPatched: {
            /** @description The run's id. */
            readonly id: string;
            /** @description The names of the fields that were set. */
            readonly patched: readonly string[];
        } & {
            readonly [key: string]: unknown;
        };
        /** @description The row was added. */
        readonly StepMetricLogged: {
            /**
             * @description Always true.
             * @constant
             */
            readonly ok: true;
        } & {
            readonly [key: string]: unknown;
        };
        /** @description The eval was recorded. */
        readonly EvalCreated: {
            /**
             * @description Always true.
             * @constant
             */
            readonly ok: true;
            /** @description The backend's id of the eval. */
            readonly id?: string;
        } & {
            readonly [key: string]: unknown;
        };
        /** @description The checkpoint was recorded. */
        readonly CheckpointAdded: {
            /**
             * @description Always true.
             * @constant
             */
            readonly ok: true;
            /** @description The backend's id of the checkpoint. */
            readonly id?: string;
        } & {
            readonly [key: string]: unknown;
        };
        /** @description The predictions were added. */
        readonly PredictionsLogged: {
            /**
             * @description Always true.
             * @constant
             */
            readonly ok: true;
            /** @description How many predictions were added. */
            readonly inserted: components["schemas"]["WholeNumber"];
        } & {
            readonly [key: string]: unknown;
        };
        /** @description Why a request failed. Which fields are there differs by backend. */
        readonly Problem: {
            /** @description The reason, in words or by field. */
            readonly detail?: unknown;
            /** @description The reason, in words or by field. */
            readonly error?: unknown;
            /** @description The reason, in words or by field. */
            readonly message?: unknown;
        } & {
            readonly [key: string]: unknown;
        };
    };
    responses: {
        /** @description The request was rejected; the body has the reason. */
        readonly Refused: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "detail": "experiment_name: this field is required."
                 *     }
                 */
                readonly "application/json": components["schemas"]["Problem"];
                /** @example invalid API key */
                readonly "text/plain": string;
            };
        };
        /** @description The backend failed; the same request may succeed later. */
        readonly Failed: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "detail": "The database is restarting."
                 *     }
                 */
                readonly "application/json": components["schemas"]["Problem"];
                /** @example Bad Gateway */
                readonly "text/plain": string;
            };
        };
    };
    parameters: {
        /**
         * @description Identifies one write. A backend that supports the header responds to a repeated request with the first response and
         *     writes nothing again; other backends ignore it.
         * @example 4f1c2a5e:metrics:0-143
         */
        readonly IdempotencyKey: string;
        /**
         * @description The experiment's id.
         * @example 0b7f3a52-8f0d-4b5e-9d7c-2f6a1c4e8d90
         */
        readonly ExperimentId: string;
        /**
         * @description The run's id.
         * @example 5c1f2d7a-1b1e-4a55-8a3c-9d5a6b7c8d01
         */
        readonly RunId: string;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type Status = components['schemas']['Status'];
export type Split = components['schemas']['Split'];
export type WholeNumber = components['schemas']['WholeNumber'];
export type ExperimentCreate = components['schemas']['ExperimentCreate'];
export type ExperimentPatch = components['schemas']['ExperimentPatch'];
export type RunCreate = components['schemas']['RunCreate'];
export type RunPatch = components['schemas']['RunPatch'];
export type StepMetric = components['schemas']['StepMetric'];
export type Metrics = components['schemas']['Metrics'];
export type EvalCreate = components['schemas']['EvalCreate'];
export type CheckpointCreate = components['schemas']['CheckpointCreate'];
export type PredictionBatch = components['schemas']['PredictionBatch'];
export type Prediction = components['schemas']['Prediction'];
export type ExperimentCreated = components['schemas']['ExperimentCreated'];
export type RunCreated = components['schemas']['RunCreated'];
export type Entity = components['schemas']['Entity'];
export type ExperimentPatched = components['schemas']['ExperimentPatched'];
export type RunPatched = components['schemas']['RunPatched'];
export type StepMetricLogged = components['schemas']['StepMetricLogged'];
export type EvalCreated = components['schemas']['EvalCreated'];
export type CheckpointAdded = components['schemas']['CheckpointAdded'];
export type PredictionsLogged = components['schemas']['PredictionsLogged'];
export type Problem = components['schemas']['Problem'];
export type ResponseRefused = components['responses']['Refused'];
export type ResponseFailed = components['responses']['Failed'];
export type ParameterIdempotencyKey = components['parameters']['IdempotencyKey'];
export type ParameterExperimentId = components['parameters']['ExperimentId'];
export type ParameterRunId = components['parameters']['RunId'];
export type $defs = Record<string, never>;
export interface operations {
    readonly createExperiment: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Identifies one write. A backend that supports the header responds to a repeated request with the first response and
                 *     writes nothing again; other backends ignore it.
                 * @example 4f1c2a5e:metrics:0-143
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "experiment_name": "iris-softmax",
                 *       "project_id": "6f0c2a0e-3c1b-4c1a-9a2f-0f2f5f1f9e11",
                 *       "hypothesis": "Four measurements separate the three species.",
                 *       "hypothesis_reasoning": "Petal length alone separates setosa.",
                 *       "plan": "Train a softmax classifier, hold out a fifth.",
                 *       "tags": [
                 *         "iris",
                 *         "softmax"
                 *       ],
                 *       "project_goal_id": "1d9c5c3e-77d4-4a43-8a4e-7f5a2d4f6b10",
                 *       "config": {
                 *         "learning_rate": 0.1
                 *       },
                 *       "declaration_path": "experiments/iris.yaml",
                 *       "is_valid": true
                 *     }
                 */
                readonly "application/json": components["schemas"]["ExperimentCreate"];
            };
        };
        readonly responses: {
            /** @description The experiment was created. */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "experiment": {
                     *         "id": "0b7f3a52-8f0d-4b5e-9d7c-2f6a1c4e8d90",
                     *         "experiment_name": "iris-softmax",
                     *         "status": "pending"
                     *       }
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ExperimentCreated"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly updateExperiment: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Identifies one write. A backend that supports the header responds to a repeated request with the first response and
                 *     writes nothing again; other backends ignore it.
                 * @example 4f1c2a5e:metrics:0-143
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            readonly path: {
                /**
                 * @description The experiment's id.
                 * @example 0b7f3a52-8f0d-4b5e-9d7c-2f6a1c4e8d90
                 */
                readonly experiment_id: components["parameters"]["ExperimentId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "status": "completed",
                 *       "best_score": 0.97,
                 *       "best_generation_id": "5c1f2d7a-1b1e-4a55-8a3c-9d5a6b7c8d01",
                 *       "current_iteration": 3,
                 *       "error_message": "",
                 *       "hypothesis": "Four measurements separate the three species.",
                 *       "hypothesis_reasoning": "Petal length alone separates setosa.",
                 *       "plan": "Train a softmax classifier, hold out a fifth.",
                 *       "conclusion": "A linear classifier is enough.",
                 *       "tags": [
                 *         "iris"
                 *       ],
                 *       "problem_statement_id": "3b7a9c11-2f6e-4c6d-8e0a-6a5b4c3d2e10",
                 *       "is_valid": true
                 *     }
                 */
                readonly "application/json": components["schemas"]["ExperimentPatch"];
            };
        };
        readonly responses: {
            /** @description The fields were set. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "experiment_id": "0b7f3a52-8f0d-4b5e-9d7c-2f6a1c4e8d90",
                     *       "patched": [
                     *         "status",
                     *         "best_score"
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ExperimentPatched"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly createRun: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Identifies one write. A backend that supports the header responds to a repeated request with the first response and
                 *     writes nothing again; other backends ignore it.
                 * @example 4f1c2a5e:metrics:0-143
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "experiment_id": "0b7f3a52-8f0d-4b5e-9d7c-2f6a1c4e8d90",
                 *       "status": "running",
                 *       "group_id": "697d1aa9-5885-47c8-be63-36e5b335a445",
                 *       "dataset_id": "iris-v1",
                 *       "seed": 42,
                 *       "recipe_kind": "sft",
                 *       "run_config": {
                 *         "base_model": "softmax",
                 *         "learning_rate": 0.1
                 *       },
                 *       "wandb_run_url": "https://wandb.example/runs/1",
                 *       "tensorboard_path": "./tensorboard/1",
                 *       "tensorboard_archive_url": "s3://bucket/tensorboard/1.tgz"
                 *     }
                 */
                readonly "application/json": components["schemas"]["RunCreate"];
            };
        };
        readonly responses: {
            /** @description The run was created. */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "run": {
                     *         "id": "5c1f2d7a-1b1e-4a55-8a3c-9d5a6b7c8d01",
                     *         "experiment_id": "0b7f3a52-8f0d-4b5e-9d7c-2f6a1c4e8d90",
                     *         "status": "running"
                     *       }
                     *     }
                     */
                    readonly "application/json": components["schemas"]["RunCreated"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly updateRun: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Identifies one write. A backend that supports the header responds to a repeated request with the first response and
                 *     writes nothing again; other backends ignore it.
                 * @example 4f1c2a5e:metrics:0-143
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            readonly path: {
                /**
                 * @description The run's id.
                 * @example 5c1f2d7a-1b1e-4a55-8a3c-9d5a6b7c8d01
                 */
                readonly run_id: components["parameters"]["RunId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "status": "completed",
                 *       "error_message": "",
                 *       "summary": {
                 *         "best_score": 0.97
                 *       },
                 *       "duration_seconds": 12.5
                 *     }
                 */
                readonly "application/json": components["schemas"]["RunPatch"];
            };
        };
        readonly responses: {
            /** @description The fields were set. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "5c1f2d7a-1b1e-4a55-8a3c-9d5a6b7c8d01",
                     *       "patched": [
                     *         "status",
                     *         "summary"
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["RunPatched"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly logStepMetric: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Identifies one write. A backend that supports the header responds to a repeated request with the first response and
                 *     writes nothing again; other backends ignore it.
                 * @example 4f1c2a5e:metrics:0-143
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            readonly path: {
                /**
                 * @description The run's id.
                 * @example 5c1f2d7a-1b1e-4a55-8a3c-9d5a6b7c8d01
                 */
                readonly run_id: components["parameters"]["RunId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "step": 10,
                 *       "split": "train",
                 *       "metrics": {
                 *         "loss": 0.42,
                 *         "accuracy": 0.91
                 *       }
                 *     }
                 */
                readonly "application/json": components["schemas"]["StepMetric"];
            };
        };
        readonly responses: {
            /** @description The row was added. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ok": true
                     *     }
                     */
                    readonly "application/json": components["schemas"]["StepMetricLogged"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly createEval: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Identifies one write. A backend that supports the header responds to a repeated request with the first response and
                 *     writes nothing again; other backends ignore it.
                 * @example 4f1c2a5e:metrics:0-143
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            readonly path: {
                /**
                 * @description The run's id.
                 * @example 5c1f2d7a-1b1e-4a55-8a3c-9d5a6b7c8d01
                 */
                readonly run_id: components["parameters"]["RunId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "metrics": {
                 *         "accuracy": 0.97
                 *       },
                 *       "benchmark_id": "iris-held-out",
                 *       "checkpoint_id": "2a4b6c8d-0e1f-4a3b-8c5d-7e9f1a2b3c4d",
                 *       "model_ref": "softmax@100",
                 *       "step": 100,
                 *       "breakdowns": {
                 *         "setosa": {
                 *           "accuracy": 1
                 *         }
                 *       },
                 *       "sdk_version": "0.1.0"
                 *     }
                 */
                readonly "application/json": components["schemas"]["EvalCreate"];
            };
        };
        readonly responses: {
            /** @description The eval was recorded. */
            readonly "2XX": {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ok": true,
                     *       "id": "7d9e1f2a-3b4c-4d5e-8f6a-1b2c3d4e5f60"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["EvalCreated"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly addCheckpoint: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Identifies one write. A backend that supports the header responds to a repeated request with the first response and
                 *     writes nothing again; other backends ignore it.
                 * @example 4f1c2a5e:metrics:0-143
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            readonly path: {
                /**
                 * @description The run's id.
                 * @example 5c1f2d7a-1b1e-4a55-8a3c-9d5a6b7c8d01
                 */
                readonly run_id: components["parameters"]["RunId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "uri": "s3://bucket/iris/softmax-100.json",
                 *       "is_final": true,
                 *       "label": "step 100",
                 *       "step": 100,
                 *       "base_model": "softmax"
                 *     }
                 */
                readonly "application/json": components["schemas"]["CheckpointCreate"];
            };
        };
        readonly responses: {
            /** @description The checkpoint was recorded. */
            readonly "2XX": {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ok": true,
                     *       "id": "2a4b6c8d-0e1f-4a3b-8c5d-7e9f1a2b3c4d"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["CheckpointAdded"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly logPredictions: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Identifies one write. A backend that supports the header responds to a repeated request with the first response and
                 *     writes nothing again; other backends ignore it.
                 * @example 4f1c2a5e:metrics:0-143
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            readonly path: {
                /**
                 * @description The run's id.
                 * @example 5c1f2d7a-1b1e-4a55-8a3c-9d5a6b7c8d01
                 */
                readonly run_id: components["parameters"]["RunId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "predictions": [
                 *         {
                 *           "kind": "eval",
                 *           "instruction": "Which species has petals of 1.4 by 0.2 cm?",
                 *           "model_output": "setosa",
                 *           "eval_id": "7d9e1f2a-3b4c-4d5e-8f6a-1b2c3d4e5f60",
                 *           "task_id": "flower-1",
                 *           "sample_idx": 0,
                 *           "step": 100,
                 *           "expected": "setosa",
                 *           "reward": 1,
                 *           "advantage": 0.03,
                 *           "metadata": {
                 *             "probability": 0.98
                 *           }
                 *         }
                 *       ]
                 *     }
                 */
                readonly "application/json": components["schemas"]["PredictionBatch"];
            };
        };
        readonly responses: {
            /** @description The predictions were added. */
            readonly "2XX": {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ok": true,
                     *       "inserted": 1
                     *     }
                     */
                    readonly "application/json": components["schemas"]["PredictionsLogged"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
}
