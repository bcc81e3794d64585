/** append-rows.ts FOLDER RUN SPLIT ROWS: logs rows offline, and prints each step when its call has resolved. */

import { DashboardClient, type Split } from "../../../src/index.js";
import { printLine } from "../print.js";

const [logDir = "", runId = "", split = "", rows = ""] = process.argv.slice(2);
const splits: readonly Split[] = ["train", "val", "test"];
const client = new DashboardClient({ logDir, offline: true });
for (let step = 0; step < Number(rows); step += 1) {
  await client.logStepMetric(runId, {
    step,
    split: splits.find((known) => known === split),
    loss: 1 / (step + 1),
    metrics: { padding: Math.PI, more_padding: Math.E },
  });
  printLine(String(step));
}
await client.close();
