/** disabled.ts: a failing training configured by the environment; it exits without closing. */
import { DashboardClient } from "../../../src/index.js";

const client = new DashboardClient();
const options = { experiment_name: "disabled", signals: true, trackBest: "loss" };
await client
  .withRun(options, async (run) => {
    await run.logStep({ loss: 0.5, grad_norm: Number.NaN });
    await run.addCheckpoint({ uri: "s3://bucket/1" });
    throw new Error("diverged");
  })
  .catch(() => {});
for await (const _ of client.local.metrics("run-1")) throw new Error("There is no such run.");
