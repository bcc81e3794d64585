import type { Prediction } from "../../src/index.js";
import { type Flower, SPECIES } from "./iris.js";
import { mostLikely, probabilities, type Weights } from "./softmax.js";

/** The prediction of the classifier for one flower. */
export interface Verdict {
  readonly flower: Flower;
  readonly species: string;
  /** The probability of each species, by name. */
  readonly probabilities: Readonly<Record<string, number>>;
}

/** Classifies every flower. */
export function classify(weights: Weights, flowers: readonly Flower[]): Verdict[] {
  return flowers.map((flower) => {
    const shares = probabilities(weights, flower.features);
    return {
      flower,
      species: SPECIES[mostLikely(shares)] ?? "unknown",
      probabilities: Object.fromEntries(SPECIES.map((name, at) => [name, shares[at] ?? 0])),
    };
  });
}

/** Precision and recall for each species. */
export function breakdownOf(verdicts: readonly Verdict[]): Record<string, object> {
  const perSpecies = SPECIES.map((name) => {
    const found = verdicts.filter(({ species }) => species === name);
    const real = verdicts.filter(({ flower }) => flower.species === name);
    const right = found.filter(({ flower }) => flower.species === name).length;
    return [name, { precision: share(right, found.length), recall: share(right, real.length), flowers: real.length }];
  });
  return Object.fromEntries(perSpecies);
}

/** One prediction for each flower, as a prompt and its output. */
export function predictionsOf(verdicts: readonly Verdict[], evalId: string, step: number): Prediction[] {
  return verdicts.map(({ flower, species, probabilities: shares }, at) => {
    const [sepalLength, sepalWidth, petalLength, petalWidth] = flower.centimetres;
    return {
      kind: "eval",
      instruction:
        `An iris has sepals of ${sepalLength} × ${sepalWidth} cm and petals of ${petalLength} × ${petalWidth} cm. ` +
        `Is it ${SPECIES.join(", ")}?`,
      model_output: species,
      expected: flower.species,
      eval_id: evalId,
      task_id: `iris-${flower.index}`,
      sample_idx: at,
      step,
      reward: species === flower.species ? 1 : 0,
      metadata: { probabilities: shares },
    };
  });
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
