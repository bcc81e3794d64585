/** open-mirror.ts {"logDir"}: opens a mirror as a client does that continues one of its runs; reports its CPU time. */
import { DashboardClient } from "../../src/index.js";
import { programOptions, sendResult } from "./program.js";
import { cpuClock } from "./rounds.js";
import { inputAt } from "./steps.js";

const { logDir } = programOptions<{ readonly logDir: string }>();
const startedAt = cpuClock();
const client = new DashboardClient({ offline: true, logDir, logLevel: "CRITICAL" });
const runs = client.local.runs();
const last = runs.at(-1);
if (last !== undefined) await client.logStepMetric(last.id, inputAt(0));
await client.close();
sendResult(cpuClock() - startedAt);
