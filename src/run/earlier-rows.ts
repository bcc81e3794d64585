import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { StreamName } from "../api/routes.js";
import { linesOf } from "../store/line-reader.js";
import { segmentName } from "../store/paths.js";
import { slotsOf } from "../store/rows.js";
import { stepOfRow } from "../store/step-of-row.js";
import { now } from "../util/clock.js";
import type { BestScore } from "./best-score.js";
import type { StepCounter } from "./step-counter.js";

const LONGEST_STALL_MS = 5;
/**
 * Takes in the rows of the earlier jobs of a run: their steps, and the best value of the tracked series. The files are read in
 * pieces, and the event loop gets its turns.
 */
export async function takeInRows(folder: string, steps: StepCounter, best: BestScore): Promise<void> {
  await forEachLine(folder, "metrics", (bytes) => {
    const row = stepOfRow(bytes.toString());
    if (row !== undefined) steps.note(row.split, row.step);
    best.observeStored(bytes);
  });
  if (best.isTracking) await forEachLine(folder, "evals", (bytes) => best.observeStored(bytes));
}

async function forEachLine(folder: string, stream: StreamName, visit: (bytes: Buffer) => void): Promise<void> {
  let turnedAt = now();
  for (const slot of slotsOf(folder, stream)) {
    for (const { bytes } of linesOf(join(folder, segmentName(stream, slot)))) {
      visit(bytes);
      if (now() - turnedAt < LONGEST_STALL_MS) continue;
      await nextTurn();
      turnedAt = now();
    }
  }
}
