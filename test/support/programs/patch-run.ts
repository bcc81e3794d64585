/** patch-run.ts FOLDER RUN TIMES: patches a run offline, and prints each number once its call has resolved. */
import { writeSync } from "node:fs";
import { DashboardClient } from "../../../src/index.js";

const [logDir = "", runId = "", times = ""] = process.argv.slice(2);
const client = new DashboardClient({ logDir, offline: true });
for (let count = 0; count < Number(times); count += 1) {
  await client.updateRun(runId, { count, note: "x".repeat(2000) });
  writeSync(1, `${count}\n`);
}
await client.close();
