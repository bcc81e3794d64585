// Generated from openapi/evsys-sdk.yaml by `npm run generate`. Do not edit: change the schema and generate again.
import * as z from 'zod';

/**
 * The status of an experiment or a run.
 */
export const zStatus = z.enum([
    'pending',
    'running',
    'completed',
    'failed',
    'cancelled'
]);

/**
 * The part of the data a metric was measured on.
 */
export const zSplit = z.enum([
    'train',
    'val',
    'test'
]);

/**
 * An integer that every client can represent exactly.
 */
export const zWholeNumber = z.int().gte(-9007199254740991).lte(9007199254740991);

/**
 * A new experiment.
 */
export const zExperimentCreate = z.strictObject({
    experiment_name: z.string().min(1),
    project_id: z.string().min(1).optional(),
    hypothesis: z.string().optional(),
    hypothesis_reasoning: z.string().optional(),
    plan: z.string().optional(),
    tags: z.array(z.string()).optional(),
    project_goal_id: z.string().optional(),
    config: z.looseObject({}).optional(),
    declaration_path: z.string().optional(),
    is_valid: z.boolean().optional()
});

/**
 * Fields of an experiment to set; at least one.
 */
export const zExperimentPatch = z.strictObject({
    status: zStatus.optional(),
    best_score: z.number().nullish(),
    best_generation_id: z.string().optional(),
    current_iteration: zWholeNumber.optional(),
    error_message: z.string().optional(),
    hypothesis: z.string().optional(),
    hypothesis_reasoning: z.string().optional(),
    plan: z.string().optional(),
    conclusion: z.string().optional(),
    tags: z.array(z.string()).optional(),
    problem_statement_id: z.string().optional(),
    is_valid: z.boolean().optional()
});

/**
 * A new run.
 */
export const zRunCreate = z.strictObject({
    experiment_id: z.string().min(1),
    status: zStatus.optional(),
    group_id: z.string().optional(),
    dataset_id: z.string().optional(),
    seed: zWholeNumber.optional(),
    recipe_kind: z.string().optional(),
    run_config: z.looseObject({}).optional(),
    wandb_run_url: z.string().optional(),
    tensorboard_path: z.string().optional(),
    tensorboard_archive_url: z.string().optional()
});

/**
 * Fields of a run to set; at least one. Fields that are not listed are allowed.
 */
export const zRunPatch = z.looseObject({
    status: zStatus.optional(),
    error_message: z.string().optional(),
    summary: z.looseObject({}).optional(),
    duration_seconds: z.number().nullish()
});

/**
 * Finite numbers by the name of their series.
 */
export const zMetrics = z.object({}).catchall(z.number());

/**
 * The metrics of one step on one split.
 */
export const zStepMetric = z.strictObject({
    step: zWholeNumber,
    split: zSplit,
    metrics: zMetrics
});

/**
 * The result of one evaluation.
 */
export const zEvalCreate = z.strictObject({
    metrics: zMetrics,
    benchmark_id: z.string().optional(),
    checkpoint_id: z.string().optional(),
    model_ref: z.string().optional(),
    step: zWholeNumber.optional(),
    breakdowns: z.looseObject({}).optional(),
    sdk_version: z.string().optional()
});

/**
 * The location of a checkpoint.
 */
export const zCheckpointCreate = z.strictObject({
    uri: z.string().min(1),
    is_final: z.boolean(),
    label: z.string().optional(),
    step: zWholeNumber.optional(),
    base_model: z.string().optional()
});

/**
 * One response of a model to one task.
 */
export const zPrediction = z.strictObject({
    kind: z.enum(['eval', 'rollout']),
    instruction: z.string(),
    model_output: z.string(),
    eval_id: z.string().optional(),
    task_id: z.string().optional(),
    sample_idx: zWholeNumber.optional(),
    step: zWholeNumber.optional(),
    expected: z.unknown().optional(),
    reward: z.number().nullish(),
    advantage: z.number().nullish(),
    metadata: z.looseObject({}).optional()
});

/**
 * Predictions that are sent together.
 */
export const zPredictionBatch = z.strictObject({
    predictions: z.array(zPrediction).min(1)
});

/**
 * A row of the backend, with its id and any further fields.
 */
export const zEntity = z.looseObject({
    id: z.string().min(1)
});

/**
 * The experiment as the backend stores it.
 */
export const zExperimentCreated = z.looseObject({
    experiment: zEntity
});

/**
 * The run as the backend stores it.
 */
export const zRunCreated = z.looseObject({
    run: zEntity
});

/**
 * Which fields of which experiment were set.
 */
export const zExperimentPatched = z.looseObject({
    experiment_id: z.string(),
    patched: z.array(z.string())
});

/**
 * Which fields of which run were set.
 */
export const zRunPatched = z.looseObject({
    id: z.string(),
    patched: z.array(z.string())
});

/**
 * The row was added.
 */
export const zStepMetricLogged = z.looseObject({
    ok: z.literal(true)
});

/**
 * The eval was recorded.
 */
export const zEvalCreated = z.looseObject({
    ok: z.literal(true),
    id: z.string().min(1).optional()
});

/**
 * The checkpoint was recorded.
 */
export const zCheckpointAdded = z.looseObject({
    ok: z.literal(true),
    id: z.string().min(1).optional()
});

/**
 * The predictions were added.
 */
export const zPredictionsLogged = z.looseObject({
    ok: z.literal(true),
    inserted: zWholeNumber
});

/**
 * Why a request failed. Which fields are there differs by backend.
 */
export const zProblem = z.looseObject({
    detail: z.unknown().optional(),
    error: z.unknown().optional(),
    message: z.unknown().optional()
});

/**
 * Identifies one write. A backend that supports the header responds to a repeated request with the first response and
 * writes nothing again; other backends ignore it.
 *
 */
export const zIdempotencyKey = z.string().min(1).max(255);

/**
 * The experiment's id.
 */
export const zExperimentId = z.string().min(1);

/**
 * The run's id.
 */
export const zRunId = z.string().min(1);
