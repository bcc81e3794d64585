import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DashboardClient } from "../../src/index.js";
import { temporaryFolder } from "./folder.js";
import { runProgram } from "./program.js";
import { interleaved, microsecondsPerCall, roundsAt, type Side, scaled } from "./rounds.js";
import type { Row } from "./row.js";
import { inputAt, rowAt, stepsFrom } from "./steps.js";

const MOST_ROWS = 5_000_000;
const BLOCK_ROWS = 5_000;
const FLAT = { of: "ratio", atMost: 1.2 } as const;

/** What a run that has millions of rows costs more than an empty one: to log a row to it, and to open it. */
export async function largeRun(scale: number): Promise<Row[]> {
  using folder = temporaryFolder();
  const blocks = scaled(MOST_ROWS / BLOCK_ROWS, scale);
  const empty = await mirror(join(folder.path, "empty"), 0);
  const large = await mirror(join(folder.path, "large"), blocks);
  const calls = scaled(2_000, scale);
  const appended = await interleaved(appending(empty, calls), appending(large, calls), roundsAt(scale, 31, 10));
  const opened = await interleaved(opening(empty), opening(large), roundsAt(scale, 31, 5));
  const name = `a run of ${(blocks * BLOCK_ROWS).toLocaleString("en-US")} rows`;
  return [
    { measure: `offline call to ${name}`, unit: "µs", ...appended, goal: FLAT, note: "the floor is an empty run" },
    { measure: "… opened, one row, closed", unit: "ms", ...opened, goal: FLAT },
  ];
}

interface Mirror {
  readonly logDir: string;
  readonly runId: string;
}

/** A mirror with one run, as a client leaves it that has logged these rows. */
async function mirror(logDir: string, blocks: number): Promise<Mirror> {
  const runId = await runProgram<string>("fill-mirror", { logDir, rows: 1 });
  const block = stepsFrom(1, BLOCK_ROWS, (step) => `${JSON.stringify(rowAt(step))}\n`).join("");
  const descriptor = openSync(join(logDir, "generations", runId, "metrics.jsonl"), "a");
  for (let written = 0; written < blocks; written += 1) writeSync(descriptor, block);
  closeSync(descriptor);
  return { logDir, runId };
}

function appending({ logDir, runId }: Mirror, calls: number): Side {
  const inputs = stepsFrom(0, calls, inputAt);
  return async () => {
    await using client = new DashboardClient({ offline: true, logDir, logLevel: "CRITICAL" });
    // Opening is measured by itself.
    await client.logStepMetric(runId, inputAt(0));
    return await microsecondsPerCall(calls, async () => {
      for (const input of inputs) await client.logStepMetric(runId, input);
    });
  };
}

function opening({ logDir, runId }: Mirror): Side {
  return async () => {
    const startedAt = performance.now();
    const client = new DashboardClient({ offline: true, logDir, logLevel: "CRITICAL" });
    await client.logStepMetric(runId, inputAt(0));
    await client.close();
    return performance.now() - startedAt;
  };
}
