/** log-nan.ts FOLDER: logs NaN many times, with the logging of the environment. */
import { DashboardClient } from "../../../src/index.js";

const [logDir = ""] = process.argv.slice(2);
const client = new DashboardClient({ logDir, offline: true });
for (let step = 0; step < 50; step += 1) await client.logStepMetric("run-1", { step, loss: Number.NaN });
await client.close();
