/**
 * overfill-predictions.ts OPTIONS: logs a call of predictions that exceeds the limit to the size of its files, then a step and two
 * small calls, and prints whether each of the calls resolved.
 */

import { DashboardClient, MirrorError } from "../../../../src/index.js";
import { printLine } from "../../../support/print.js";
import { prediction } from "../predictions.js";

const { runId, ...connection } = JSON.parse(process.argv[2] ?? "{}");
const client = new DashboardClient({ apiKey: "k", projectId: "p", logLevel: "CRITICAL", ...connection });
const log = async (task: string, rows: number, length: number): Promise<boolean> => {
  try {
    await client.logPredictions(
      runId,
      Array.from({ length: rows }, (_, n) => prediction(`${task} ${n}`, "x".repeat(length))),
    );
    return true;
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    return false;
  }
};
const resolved = [await log("large", 50, 100_000)];
await client.logStepMetric(runId, { step: 1, loss: 1 });
resolved.push(await log("small", 2, 10), await log("single", 1, 10));
await client.close({ timeoutMs: 1 });
printLine(JSON.stringify(resolved));
