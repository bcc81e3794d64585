/** status-of-mirror.ts {"logDir"}: does what `evsys-sdk status` does; reports its CPU time. */
import { main } from "../../src/cli/program.js";
import { programOptions, sendResult } from "./program.js";
import { cpuClock } from "./rounds.js";

const { logDir } = programOptions<{ readonly logDir: string }>();
const startedAt = cpuClock();
const code = await main(["status", "--json", logDir]);
if (code !== 0) throw new Error(`evsys-sdk status ended with ${code}.`);
sendResult(cpuClock() - startedAt);
