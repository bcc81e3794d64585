/** fill-mirror.ts {"logDir","rows"}: logs rows offline to one run, and reports its id. */
import { DashboardClient } from "../../src/index.js";
import { programOptions, sendResult } from "./program.js";
import { inputAt } from "./steps.js";

const { logDir, rows } = programOptions<{ readonly logDir: string; readonly rows: number }>();
const client = new DashboardClient({ offline: true, logDir, logLevel: "CRITICAL" });
const experiment = await client.createExperiment({ experiment_name: "bench" });
const { id } = await client.createRun({ experiment_id: experiment.id });
for (let step = 0; step < rows; step += 1) await client.logStepMetric(id, inputAt(step));
await client.close();
sendResult(id);
