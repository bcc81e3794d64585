/**
 * Reinforcement learning: a policy learns which of three replies is liked, and every rollout is kept with its reward and
 * advantage. Calls do not wait for the backend (`delivery: "background"`), so neither does the loop.
 * Run it with `npx tsx examples/rl-rollouts.ts`: it writes to ./evsys_sdk, and to the backend too if EVSYS_API_URL is set.
 */
import { DashboardClient } from "evsys-sdk";

const REPLIES = ["Hello.", "Hello, how can I help?", "What?"];
const REWARDS = [0.4, 1, 0];
const ITERATIONS = 25;
const SAMPLES = 8;
const LEARNING_RATE = 0.5;

const client = new DashboardClient({
  delivery: "background",
  onDeliveryError: (error) => console.error(error.message),
  ...(process.env.EVSYS_API_URL ? {} : { offline: true }),
});
const options = {
  experiment_name: "Greetings",
  recipe_kind: "rl",
  seed: 1,
  run_config: { samples: SAMPLES, learning_rate: LEARNING_RATE },
  trackBest: "reward_mean",
};
await client.withRun(options, async (run) => {
  const logits = [0, 0, 0];
  for (let step = 0; step < ITERATIONS; step += 1) {
    const policy = softmax(logits);
    const samples = Array.from({ length: SAMPLES }, (_, at) => choose(policy, ((step * SAMPLES + at) * 0.618) % 1));
    const rewards = samples.map((choice) => REWARDS[choice] ?? 0);
    const mean = rewards.reduce((sum, reward) => sum + reward, 0) / SAMPLES;
    const rollouts = samples.map((choice, at) => ({ choice, reward: rewards[at] ?? 0, sample_idx: at }));

    await run.logStep(step, { reward_mean: mean, reward_max: Math.max(...rewards) });
    await run.logPredictions(
      rollouts.map(({ choice, reward, sample_idx }) => ({
        kind: "rollout",
        instruction: "Greet the user.",
        model_output: REPLIES[choice] ?? "",
        step,
        sample_idx,
        reward,
        advantage: reward - mean,
      })),
    );
    for (const { choice, reward } of rollouts) logits[choice] = (logits[choice] ?? 0) + LEARNING_RATE * (reward - mean);
  }
});
const { delivered, pending } = await client.close({ timeoutMs: 60_000 });
console.log(`${ITERATIONS * SAMPLES} rollouts: ${delivered} writes delivered, ${pending} pending.`);

function softmax(logits: readonly number[]): number[] {
  const powers = logits.map(Math.exp);
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

function choose(policy: readonly number[], at: number): number {
  let left = at;
  for (const [choice, share] of policy.entries()) {
    left -= share;
    if (left < 0) return choice;
  }
  return policy.length - 1;
}
