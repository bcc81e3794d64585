/** fill-file.ts FOLDER: logs rows until some fail, then prints the steps that resolved and the errors. */
import { DashboardClient } from "../../../src/index.js";

const [logDir = ""] = process.argv.slice(2);
const client = new DashboardClient({ logDir, offline: true });
const resolved: number[] = [];
const failed: string[] = [];
for (let step = 0; failed.length < 5 && step < 100_000; step += 1) {
  try {
    await client.logStepMetric("run-1", { step, loss: 1 / 7, metrics: { padding_of_some_length: step / 3 } });
    resolved.push(step);
  } catch (error) {
    failed.push(error instanceof Error ? error.name : String(error));
  }
}
process.stdout.write(JSON.stringify({ resolved, failed }));
