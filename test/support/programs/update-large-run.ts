import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

// Updates a run of 100,000 settings a hundred times and prints how often its document was written.
const [logDir = ""] = process.argv.slice(2);
let renames = 0;
const original = fs.renameSync;
fs.renameSync = (from, to) => {
  renames += 1;
  original(from, to);
};
syncBuiltinESMExports();
const { DashboardClient } = await import("../../../src/index.js");
const client = new DashboardClient({ offline: true, logDir, logLevel: "CRITICAL" });
const { id: experiment_id } = await client.createExperiment({ experiment_name: "x" });
const run_config = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`key_${at}`, at]));
const { id } = await client.createRun({ experiment_id, run_config });
for (let step = 0; step < 100; step += 1) await client.updateRun(id, { step });
const read = client.local.run(id)?.step;
await client.updateRun(id, { step: 100 });
process.stdout.write(JSON.stringify({ renames, read, id }));
