/** patch-run.ts FOLDER RUN TIMES: patches a run offline, and prints each number when its call has resolved. */

import { DashboardClient } from "../../../src/index.js";
import { printLine } from "../print.js";

const [logDir = "", runId = "", times = ""] = process.argv.slice(2);
const client = new DashboardClient({ logDir, offline: true });
for (let count = 0; count < Number(times); count += 1) {
  await client.updateRun(runId, { count, note: "x".repeat(2000) });
  printLine(String(count));
}
await client.close();
