import type { StepMetricInput } from "../../src/index.js";

/** Five series of a training. The numbers have all digits, because formatting them is part of the cost. */
export function inputAt(step: number): StepMetricInput {
  const progress = Math.exp(-step / 10_000);
  return {
    step,
    loss: 2.5 * progress + 0.01 * Math.sin(step),
    accuracy: 1 - 0.9 * progress,
    learning_rate: 3e-4 * Math.cos(step / 20_000) ** 2,
    grad_norm: 1 + Math.sin(step / 7) / 3,
    tokens_per_sec: 18_000 + 500 * Math.sin(step / 11),
  };
}

/** The same as a row of the mirror and as a request body. */
export function rowAt(step: number): object {
  const { step: _, ...metrics } = inputAt(step);
  return { step, split: "train", metrics };
}

/** Values for a range of steps, created before the measurement. */
export function stepsFrom<Thing>(first: number, count: number, make: (step: number) => Thing): Thing[] {
  return Array.from({ length: count }, (_, at) => make(first + at));
}
