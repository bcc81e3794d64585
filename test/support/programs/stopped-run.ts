/**
 * stopped-run.ts URL FOLDER TIMEOUT_MS RUNS [listens]: starts runs with `signals`, prints "ready" and runs without end;
 * with `listens`, the program has its own listener and exits with 7.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { DashboardClient } from "../../../src/index.js";

const [baseUrl = "", logDir = "", timeoutMs = "", runs = "", listens] = process.argv.slice(2);
const client = new DashboardClient({ baseUrl, logDir, apiKey: "k", projectId: "p", timeoutMs: Number(timeoutMs) });
if (listens !== undefined) {
  process.once("SIGTERM", async () => {
    // The client raises the signal again only after its runs have ended and everything is sent.
    while (process.listenerCount("SIGTERM") > 0) await nextTurn();
    await client.flush();
    for (let turns = 0; turns < 100; turns += 1) await nextTurn();
    console.log("the program's own");
    process.exit(7);
  });
}
for (let seed = 0; seed < Number(runs); seed += 1) {
  const run = await client.startRun({ experiment_name: "stopped", seed, signals: true });
  await run.logStep({ loss: 1 });
}
const done = await client.startRun({ experiment_name: "done", signals: true });
await done.complete();
setInterval(() => {}, 1_000);
console.log("ready");
