/** status-of-mirror.ts {"logDir"}: does what `evsys-sdk status` does; tells how long it computed. */
import { main } from "../../src/cli/program.js";
import { optionsOf, tell } from "./program.js";
import { cpuClock } from "./rounds.js";

const { logDir } = optionsOf<{ readonly logDir: string }>();
const startedAt = cpuClock();
const code = await main(["status", "--json", logDir]);
if (code !== 0) throw new Error(`evsys-sdk status ended with ${code}.`);
tell(cpuClock() - startedAt);
