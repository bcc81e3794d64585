/** The weights of the classifier: a row for each class. */
export type Weights = readonly (readonly number[])[];

/** A training example. */
export interface Example {
  /** The inputs, after a constant 1 for the bias. */
  readonly features: readonly number[];
  /** 1 for the right class, 0 for the others. */
  readonly target: readonly number[];
}

/** The loss, accuracy and gradient of weights on some examples. */
export interface Assessment {
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
  /** The share of examples whose most likely class is the right one. */
  readonly accuracy: number;
  readonly gradient: Weights;
  /** The length of the gradient. */
  readonly gradNorm: number;
}

/** Initial weights. */
export function zeroWeights(classes: number, features: number): Weights {
  return Array.from({ length: classes }, () => Array.from({ length: features }, () => 0));
}

/** The probability of each class. */
export function probabilities(weights: Weights, features: readonly number[]): number[] {
  const scores = weights.map((row) => dot(row, features));
  const highest = Math.max(...scores);
  const exponentials = scores.map((score) => Math.exp(score - highest));
  const total = sum(exponentials);
  return exponentials.map((value) => value / total);
}

/** The index of the highest number: the class of a target or a prediction. */
export function mostLikely(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}

/** Evaluates weights on examples. */
export function assess(weights: Weights, examples: readonly Example[]): Assessment {
  let loss = 0;
  let right = 0;
  let gradient: Weights = weights.map((row) => row.map(() => 0));
  for (const { features, target } of examples) {
    const predicted = probabilities(weights, features);
    loss -= Math.log(dot(predicted, target)) / examples.length;
    if (mostLikely(predicted) === mostLikely(target)) right += 1;
    const errors = zip(predicted, target, (share, truth) => (share - truth) / examples.length);
    gradient = zip(gradient, errors, (row, error) => zip(row, features, (value, feature) => value + error * feature));
  }
  return { loss, accuracy: right / examples.length, gradient, gradNorm: Math.hypot(...gradient.flat()) };
}

/** The weights after one step of gradient descent. */
export function descend(weights: Weights, gradient: Weights, learningRate: number): Weights {
  return zip(weights, gradient, (row, slopes) => zip(row, slopes, (weight, slope) => weight - learningRate * slope));
}

function dot(left: readonly number[], right: readonly number[]): number {
  return sum(zip(left, right, (a, b) => a * b));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function zip<A, B, Result>(left: readonly A[], right: readonly B[], combine: (a: A, b: B) => Result): Result[] {
  return left.map((a, at) => {
    const b = right[at];
    if (b === undefined) throw new RangeError(`No partner for number ${at} of ${left.length}`);
    return combine(a, b);
  });
}
