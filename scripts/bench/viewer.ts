import { join } from "node:path";
import { temporaryFolder } from "./folder.js";
import { largeMirror } from "./large-mirror.js";
import { mirrorOfRuns } from "./mirror-of-runs.js";
import { runProgram } from "./program.js";
import { median, roundsAt, scaled } from "./rounds.js";
import type { BenchRow } from "./row.js";

const MAX_RUNS = 5_000;
const ROWS_PER_RUN = 50;
const MAX_BLOCKS = 1_000;

/** The result of `view-mirror`, in milliseconds and megabytes. */
interface Viewed {
  readonly listed: number;
  readonly opened: number;
  readonly panned: number;
  readonly memory: number;
}

/** The waiting times of the viewer: a list of many runs, a run of millions of rows, zooming in it. */
export async function viewer(scale: number): Promise<BenchRow[]> {
  using folder = temporaryFolder();
  const runs = scaled(MAX_RUNS, scale, 2);
  const many = join(folder.path, "many");
  await mirrorOfRuns(many, runs, ROWS_PER_RUN);
  const { logDir, rows } = await largeMirror(join(folder.path, "large"), scaled(MAX_BLOCKS, scale));
  const { rounds } = roundsAt(scale, 3);
  const [ofMany, ofLarge]: [Viewed[], Viewed[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    ofMany.push(await runProgram<Viewed>("view-mirror", { logDir: many }));
    ofLarge.push(await runProgram<Viewed>("view-mirror", { logDir }));
  }
  const of = (found: readonly Viewed[], name: keyof Viewed): number => median(found.map((viewed) => viewed[name]));
  const numeral = (count: number): string => count.toLocaleString("en-US");
  const goal = (atMost: number) => ({ of: "ours", atMost }) as const;
  return [
    { measure: `viewer: list ${numeral(runs)} runs`, unit: "ms", ours: of(ofMany, "listed"), goal: goal(1_000) },
    {
      measure: `viewer: open a run of ${numeral(rows)} rows`,
      unit: "ms",
      ours: of(ofLarge, "opened"),
      goal: goal(2_000),
      note: "until the first curve can be drawn, from samples of the whole file",
    },
    { measure: "… a move once all rows are read", unit: "ms", ours: of(ofLarge, "panned"), goal: goal(50) },
    { measure: "… memory of the server then", unit: "MB", ours: of(ofLarge, "memory"), goal: goal(400) },
  ];
}
