/**
 * A training loop: fits a line to noisy points, logs every step, validates now and then, and keeps the best validation.
 * Run it with `npx tsx examples/training-loop.ts`: it writes to ./evsys_sdk, and to the backend too if EVSYS_API_URL is set.
 */
import { DashboardClient } from "evsys-sdk";

const STEPS = 60;
const LEARNING_RATE = 0.1;

interface Point {
  readonly x: number;
  readonly y: number;
}

const points: Point[] = Array.from({ length: 100 }, (_, at) => ({
  x: at / 100,
  y: 3 * (at / 100) + Math.sin(at) / 10,
}));
const [train, val] = [points.filter((_, at) => at % 5 > 0), points.filter((_, at) => at % 5 === 0)];

await using client = new DashboardClient(process.env.EVSYS_API_URL ? {} : { offline: true });
// Ctrl-C marks the run as cancelled; an error on the way, as failed.
await using run = await client.startRun({
  experiment_name: "Line through points",
  hypothesis: "Sixty steps of gradient descent are enough.",
  recipe_kind: "supervised",
  run_config: { learning_rate: LEARNING_RATE, steps: STEPS },
  signals: true,
  trackBest: { metric: "val_loss", mode: "min" },
});

let line = { slope: 0, offset: 0 };
for (let step = 1; step <= STEPS; step += 1) {
  const { loss, slope, offset } = assess(train);
  await run.logStep(step, { loss, grad_norm: Math.hypot(slope, offset), learning_rate: LEARNING_RATE });
  line = { slope: line.slope - LEARNING_RATE * slope, offset: line.offset - LEARNING_RATE * offset };
  if (step % 20 === 0) {
    await run.logStep(step, { val_loss: assess(val).loss }, { split: "val" });
    await run.addCheckpoint({ uri: `memory:${JSON.stringify(line)}`, step, is_final: step === STEPS });
  }
}
run.setConclusion(`The slope is ${line.slope.toFixed(2)}.`);
await run.complete();
console.log(`${STEPS} steps logged to run ${run.runId}.`);

/** The mean squared error over some points, and its gradient. */
function assess(some: readonly Point[]): { loss: number; slope: number; offset: number } {
  const errors = some.map(({ x, y }) => ({ x, error: line.slope * x + line.offset - y }));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / some.length;
  return {
    loss: mean(errors.map(({ error }) => error ** 2)),
    slope: mean(errors.map(({ x, error }) => 2 * error * x)),
    offset: mean(errors.map(({ error }) => 2 * error)),
  };
}
