/** read-mirror.ts {"logDir"}: reads each document and each sync log of a mirror, but no rows; reports its CPU time. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { programOptions, sendResult } from "./program.js";
import { cpuClock } from "./rounds.js";

const { logDir } = programOptions<{ readonly logDir: string }>();
const runs = join(logDir, "generations");
const startedAt = cpuClock();
for (const id of readdirSync(runs)) {
  for (const name of readdirSync(join(runs, id))) {
    if (name.endsWith(".json")) JSON.parse(readFileSync(join(runs, id, name), "utf8"));
  }
  for (const name of readdirSync(join(runs, id, "sync"))) readFileSync(join(runs, id, "sync", name));
}
sendResult(cpuClock() - startedAt);
