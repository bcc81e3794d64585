import { join } from "node:path";
import { temporaryFolder } from "./folder.js";
import { mirrorOfRuns } from "./mirror-of-runs.js";
import { runProgram } from "./program.js";
import { compared, roundsAt, scaled, turnByTurn } from "./rounds.js";
import type { BenchRow } from "./row.js";

const MAX_RUNS = 10_000;
const ROWS_PER_RUN = 100;
const LINEAR = { of: "ratio", atMost: 1.2 } as const;

const PROGRAMS = { "opening a mirror": "open-mirror", status: "status-of-mirror" } as const;

/** CPU time per run of opening a mirror of many runs and of its status: it must not grow with runs or rows. */
export async function manyRuns(scale: number): Promise<BenchRow[]> {
  using folder = temporaryFolder();
  const most = scaled(MAX_RUNS, scale, 10);
  const few = Math.ceil(most / 10);
  const ofFew = join(folder.path, "few");
  const ofMost = join(folder.path, "most");
  const ofRows = join(folder.path, "rows");
  await mirrorOfRuns(ofFew, few, 1);
  await mirrorOfRuns(ofMost, most, 1);
  await mirrorOfRuns(ofRows, most, ROWS_PER_RUN);
  const perRun = (program: string, logDir: string, runs: number) => async () =>
    ((await runProgram<number>(program, { logDir })) * 1000) / runs;

  const rows: BenchRow[] = [];
  for (const [name, program] of Object.entries(PROGRAMS)) {
    const sides = {
      reading: perRun("read-mirror", ofMost, most),
      few: perRun(program, ofFew, few),
      most: perRun(program, ofMost, most),
      rows: perRun(program, ofRows, most),
    };
    const found = await turnByTurn(sides, roundsAt(scale, 2));
    const ours = found.get("most");
    const unit = "µs";
    rows.push(
      {
        measure: `${name} of ${numeral(most)} runs, CPU time each`,
        unit,
        ...compared(found.get("reading"), ours),
        note: "the floor reads each document and each sync log",
      },
      { measure: `… against ${numeral(few)} runs`, unit, ...compared(found.get("few"), ours), goal: LINEAR },
      { measure: `… ${ROWS_PER_RUN} rows in each against 1`, unit, ...compared(ours, found.get("rows")), goal: LINEAR },
    );
  }
  return rows;
}

function numeral(count: number): string {
  return count.toLocaleString("en-US");
}
