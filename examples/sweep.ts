/**
 * A sweep: a group of runs for each learning rate, a run for each seed, all under one experiment that the sweep ends itself.
 * Run it with `npx tsx examples/sweep.ts`: it writes to ./evsys_sdk, and to the backend too if EVSYS_API_URL is set.
 */
import { DashboardClient } from "evsys-sdk";

const LEARNING_RATES = [0.01, 0.1, 0.5];
const SEEDS = [1, 2, 3];
const STEPS = 20;

await using client = new DashboardClient(process.env.EVSYS_API_URL ? {} : { offline: true });
const experiment = await client.createExperiment({
  experiment_name: "Learning rates",
  config: { learning_rates: LEARNING_RATES, seeds: SEEDS },
});
await client.updateExperiment(experiment.id, { status: "running" });

const arms = LEARNING_RATES.flatMap((learningRate) => SEEDS.map((seed) => ({ learningRate, seed })));
const outcomes = await Promise.all(arms.map(({ learningRate, seed }) => runOf(learningRate, seed)));

const best = outcomes.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
await client.updateExperiment(experiment.id, {
  status: "completed",
  best_score: best.accuracy,
  best_generation_id: best.runId,
  conclusion: `A learning rate of ${best.learningRate} is best.`,
});
console.log(`${outcomes.length} runs, the best with a learning rate of ${best.learningRate}.`);

/** One arm of the sweep. It ends its run; the experiment goes on. */
function runOf(learningRate: number, seed: number) {
  const options = {
    experiment_id: experiment.id,
    group_id: `learning-rate-${learningRate}`,
    seed,
    run_config: { learning_rate: learningRate },
    trackBest: "accuracy",
  };
  return client.withRun(options, async (run) => {
    let [distance, accuracy] = [1 + seed / 10, 0];
    for (let step = 0; step < STEPS; step += 1) {
      distance *= 1 - learningRate;
      accuracy = 1 / (1 + distance);
      await run.logStep({ loss: distance, accuracy });
    }
    return { runId: run.runId, learningRate, accuracy };
  });
}
