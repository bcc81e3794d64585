import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { DashboardClient, ExperimentRun } from "../../src/index.js";
import { breakdownOf, classify, predictionsOf } from "./evaluate.js";
import { type Flower, loadIris, SPECIES } from "./iris.js";
import { type Assessment, assess, descend, type Weights, zeroWeights } from "./softmax.js";

const LEARNING_RATE = 0.5;

/** The options of a training. */
export interface Training {
  readonly name: string;
  /** Decides which flowers are held out. */
  readonly seed: number;
  readonly steps: number;
  /** The number of steps between two checkpoints, each with an evaluation. */
  readonly checkpointEvery: number;
  /** The folder for the weights. */
  readonly checkpoints: string;
  /** Called when a step has been logged; the next one waits for it. */
  readonly afterStep: (step: number) => void | Promise<void>;
}

/** Trains a softmax classifier on Fisher's irises and logs all of it. Returns the accuracy on the held-out flowers. */
export function train(client: DashboardClient, training: Training): Promise<number> {
  const { name, seed, steps, checkpointEvery, afterStep } = training;
  const flowers = loadIris(seed);
  const details = {
    experiment_name: name,
    hypothesis: "Four measurements are enough to distinguish three species of iris.",
    tags: ["iris", "softmax"],
    seed,
    recipe_kind: "supervised",
    run_config: { learning_rate: LEARNING_RATE, steps, train: flowers.train.length, held_out: flowers.heldOut.length },
  };

  return client.withRun(details, async (run) => {
    let weights = zeroWeights(SPECIES.length, 5);
    let accuracy = 0;
    for (let step = 1; step <= steps; step += 1) {
      const onTrain = assess(weights, flowers.train);
      const onHeldOut = assess(weights, flowers.heldOut);
      await Promise.all([
        run.logStep(step, seriesOf(onTrain)),
        run.logStep(step, seriesOf(onHeldOut), { split: "val" }),
      ]);
      weights = descend(weights, onTrain.gradient, LEARNING_RATE);
      if (step % checkpointEvery === 0 || step === steps) {
        accuracy = await saveAndEvaluate(run, weights, flowers.heldOut, step, training);
      }
      await afterStep(step);
    }
    run.setBestScore(accuracy);
    run.setConclusion(`The classifier is right for ${percent(accuracy)} of ${flowers.heldOut.length} held-out irises.`);
    return accuracy;
  });
}

/** Saves the weights as a checkpoint, and evaluates them on the held-out flowers; after the last step it logs each prediction. */
async function saveAndEvaluate(
  run: ExperimentRun,
  weights: Weights,
  heldOut: readonly Flower[],
  step: number,
  { checkpoints, steps }: Training,
): Promise<number> {
  const file = join(checkpoints, run.runId, `step-${step}.json`);
  await mkdir(join(checkpoints, run.runId), { recursive: true });
  await writeFile(file, JSON.stringify({ species: SPECIES, weights }));
  const isFinal = step === steps;
  const checkpoint = await run.addCheckpoint({ uri: pathToFileURL(file).href, step, is_final: isFinal });

  const verdicts = classify(weights, heldOut);
  const { loss, accuracy } = assess(weights, heldOut);
  const evaluation = await run.logEval({
    benchmark_id: "iris-held-out",
    checkpoint_id: checkpoint.id,
    step,
    metrics: { loss, accuracy },
    breakdowns: breakdownOf(verdicts),
  });
  if (isFinal) await run.logPredictions(predictionsOf(verdicts, evaluation.id, step));
  return accuracy;
}

/** Formats a share as a percentage. */
export function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}

function seriesOf({ loss, accuracy, gradNorm }: Assessment): Record<string, number> {
  return { loss, accuracy, grad_norm: gradNorm };
}
