/** writer.ts OPTIONS: writes until it is killed. Prints a line for each call that resolved. */

import { DashboardClient } from "../../../../src/index.js";
import { printLine } from "../../../support/print.js";
import { writeAll } from "../random-writes.js";
import type { WriterOptions } from "../writer.js";

const { seed, inFlight, writes, only, pauseMs, ...connection }: WriterOptions = JSON.parse(process.argv[2] ?? "{}");
const client = new DashboardClient({ apiKey: "k", projectId: "p", logLevel: "CRITICAL", ...connection });
await writeAll(client, { seed, inFlight, writes, only, pauseMs }, (write) => printLine(JSON.stringify(write)));
await client.close();
