import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

// Simulates a file system without fsync, such as CIFS, and logs three steps.
const [logDir = "", fsync = ""] = process.argv.slice(2);
const rejected = () => Object.assign(new Error("EINVAL: invalid argument, fsync"), { code: "EINVAL" });
fs.fsyncSync = fs.fdatasyncSync = () => {
  throw rejected();
};
Object.assign(fs, { fdatasync: (_: number, done: (error: Error) => void) => process.nextTick(done, rejected()) });
syncBuiltinESMExports();
const { DashboardClient } = await import("../../../src/index.js");
if (fsync !== "never" && fsync !== "interval" && fsync !== "always") throw new Error(fsync);
const warnings: string[] = [];
const silent = () => {};
const logger = { debug: silent, info: silent, warn: (line: string) => void warnings.push(line), error: silent };
const client = new DashboardClient({ offline: true, logDir, fsync, logger });
const { id: experiment_id } = await client.createExperiment({ experiment_name: "x" });
const { id } = await client.createRun({ experiment_id });
for (const step of [1, 2, 3]) await client.logStepMetric(id, { step, loss: 1 });
await client.close();
const steps: number[] = [];
for await (const { step } of client.local.metrics(id)) steps.push(step);
process.stdout.write(JSON.stringify({ steps, warnings }));
