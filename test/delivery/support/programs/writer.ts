/**
 * writer.ts OPTIONS: writes until it is killed. Prints a line for each call that has resolved: only what was printed was
 * promised.
 */

import { DashboardClient } from "../../../../src/index.js";
import { printLine } from "../../../support/print.js";
import type { WriterOptions } from "../writer.js";
import { writeAll } from "../writing.js";

const { seed, inFlight, writes, only, pauseMs, ...connection }: WriterOptions = JSON.parse(process.argv[2] ?? "{}");
const client = new DashboardClient({ apiKey: "k", projectId: "p", logLevel: "CRITICAL", ...connection });
await writeAll(client, { seed, inFlight, writes, only, pauseMs }, (write) => printLine(JSON.stringify(write)));
await client.close();
