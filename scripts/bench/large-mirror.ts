import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "./program.js";
import { rowAt, stepsFrom } from "./steps.js";

const BLOCK_ROWS = 5_000;

/** A mirror with one run. */
export interface LargeMirror {
  readonly logDir: string;
  readonly runId: string;
  readonly rows: number;
}

/** Writes a mirror with one run, as a client does that logs blocks of 5,000 rows. */
export async function largeMirror(logDir: string, blocks: number): Promise<LargeMirror> {
  const runId = await runProgram<string>("fill-mirror", { logDir, rows: 1 });
  const descriptor = openSync(join(logDir, "generations", runId, "metrics.jsonl"), "a");
  for (let block = 0; block < blocks; block += 1) {
    const rows = stepsFrom(1 + block * BLOCK_ROWS, BLOCK_ROWS, (step) => `${JSON.stringify(rowAt(step))}\n`);
    writeSync(descriptor, rows.join(""));
  }
  closeSync(descriptor);
  return { logDir, runId, rows: blocks * BLOCK_ROWS };
}
