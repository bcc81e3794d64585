/** read-mirror.ts {"logDir"}: reads each document and each sync log of a mirror, and nothing of its rows; tells how long it computed. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { optionsOf, tell } from "./program.js";
import { cpuClock } from "./rounds.js";

const { logDir } = optionsOf<{ readonly logDir: string }>();
const runs = join(logDir, "generations");
const startedAt = cpuClock();
for (const id of readdirSync(runs)) {
  for (const name of readdirSync(join(runs, id))) {
    if (name.endsWith(".json")) JSON.parse(readFileSync(join(runs, id, name), "utf8"));
  }
  for (const name of readdirSync(join(runs, id, "sync"))) readFileSync(join(runs, id, "sync", name));
}
tell(cpuClock() - startedAt);
