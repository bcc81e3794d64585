/**
 * A training that the demo starts as a process of its own and kills. The environment configures the client, as on a cluster.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { DashboardClient } from "../../src/index.js";
import { train } from "./train.js";

await train(new DashboardClient(), {
  name: "Iris, the training that was killed",
  seed: 2,
  steps: 100_000,
  checkpointEvery: 20,
  checkpoints: process.argv[2] ?? "checkpoints",
  async afterStep(step) {
    process.send?.(step);
    await sleep(5);
  },
});
