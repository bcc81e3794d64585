/** count-syncs.ts FOLDER MODE ROWS: logs rows offline, and prints the number of fsync calls meanwhile. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import type { DashboardClientOptions } from "../../../src/index.js";
import { until } from "../until.js";

const [logDir = "", mode = "", rows = ""] = process.argv.slice(2);
const modes: readonly DashboardClientOptions["fsync"][] = ["never", "interval", "always"];
let syncs = 0;
const { fdatasyncSync, fdatasync } = fs;
// Nothing else shows from outside whether fsync was called.
fs.fdatasyncSync = (descriptor) => {
  syncs += 1;
  fdatasyncSync(descriptor);
};
Object.assign(fs, {
  fdatasync(...given: Parameters<typeof fdatasync>) {
    syncs += 1;
    fdatasync(...given);
  },
});
syncBuiltinESMExports();

const { DashboardClient } = await import("../../../src/index.js");
const client = new DashboardClient({ logDir, offline: true, fsync: modes.find((known) => known === mode) });
await client.logStepMetric("run-1", { step: 0, loss: 1 });
const before = syncs;
for (let step = 1; step <= Number(rows); step += 1) await client.logStepMetric("run-1", { step, loss: 1 });
const during = syncs - before;
if (mode === "interval") await until(() => syncs !== before, { limitMs: 60_000 });
console.log(JSON.stringify({ during, later: syncs - before }));
await client.close();
