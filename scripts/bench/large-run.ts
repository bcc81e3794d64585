import { join } from "node:path";
import { DashboardClient } from "../../src/index.js";
import { temporaryFolder } from "./folder.js";
import { type LargeMirror, largeMirror } from "./large-mirror.js";
import { interleaved, microsecondsPerCall, roundsAt, type Side, scaled } from "./rounds.js";
import type { BenchRow } from "./row.js";
import { inputAt, stepsFrom } from "./steps.js";

const MAX_BLOCKS = 1_000;
const FLAT = { of: "ratio", atMost: 1.2 } as const;

/** Logging a row to a run with millions of rows, and opening it, against an empty run. */
export async function largeRun(scale: number): Promise<BenchRow[]> {
  using folder = temporaryFolder();
  const blocks = scaled(MAX_BLOCKS, scale);
  const empty = await largeMirror(join(folder.path, "empty"), 0);
  const large = await largeMirror(join(folder.path, "large"), blocks);
  const calls = scaled(2_000, scale);
  const appended = await interleaved(appending(empty, calls), appending(large, calls), roundsAt(scale, 31, 10));
  const opened = await interleaved(opening(empty), opening(large), roundsAt(scale, 31, 5));
  const name = `a run of ${large.rows.toLocaleString("en-US")} rows`;
  return [
    { measure: `offline call to ${name}`, unit: "µs", ...appended, goal: FLAT, note: "the floor is an empty run" },
    { measure: "… opened, one row, closed", unit: "ms", ...opened, goal: FLAT },
  ];
}

function appending({ logDir, runId }: LargeMirror, calls: number): Side {
  const inputs = stepsFrom(0, calls, inputAt);
  return async () => {
    await using client = new DashboardClient({ offline: true, logDir, logLevel: "CRITICAL" });
    // Opening is measured separately.
    await client.logStepMetric(runId, inputAt(0));
    return await microsecondsPerCall(calls, async () => {
      for (const input of inputs) await client.logStepMetric(runId, input);
    });
  };
}

function opening({ logDir, runId }: LargeMirror): Side {
  return async () => {
    const startedAt = performance.now();
    const client = new DashboardClient({ offline: true, logDir, logLevel: "CRITICAL" });
    await client.logStepMetric(runId, inputAt(0));
    await client.close();
    return performance.now() - startedAt;
  };
}
