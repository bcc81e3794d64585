/**
 * log-rows.ts URL FOLDER ROWS close|forget [TIMEOUT_MS]: logs rows one after another and exits, with or without
 * closing.
 */
import { DashboardClient } from "../../../src/index.js";

const [baseUrl = "", logDir = "", rows = "", ending = "", timeoutMs = "30000"] = process.argv.slice(2);
const client = new DashboardClient({
  baseUrl,
  logDir,
  apiKey: "k",
  projectId: "p",
  maxRetries: 0,
  timeoutMs: Number(timeoutMs),
});
for (let step = 0; step < Number(rows); step += 1) await client.logStepMetric("r", { step, loss: 1 / (step + 1) });
if (ending === "close") await client.close();
console.log("last line of the program");
