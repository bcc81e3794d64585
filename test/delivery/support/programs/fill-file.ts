/**
 * fill-file.ts OPTIONS: logs rows of a given length to a run, one after the other, until one fails; then prints which
 * resolved and how the others failed. It runs under a limit to the size of its files.
 */

import { DashboardClient, MirrorError } from "../../../../src/index.js";
import { printLine } from "../../../support/print.js";
import { rowOf } from "../rows.js";

const { runId, lineBytes, ...connection } = JSON.parse(process.argv[2] ?? "{}");
const client = new DashboardClient({ apiKey: "k", projectId: "p", logLevel: "CRITICAL", ...connection });
const resolved: number[] = [];
const failed: number[] = [];
for (let step = 100; failed.length < 3; step += 1) {
  try {
    await client.logStepMetric(runId, rowOf(step, lineBytes));
    resolved.push(step);
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    failed.push(step);
  }
}
await client.close({ timeoutMs: 1 });
printLine(JSON.stringify({ resolved, failed }));
