import { until } from "../../support/until.js";
import { startProgram } from "./program.js";
import type { Random } from "./random.js";

/** The options of a job. */
export interface ClusterJob {
  readonly logDir: string;
  /** Its number, which it logs as the loss. */
  readonly job: number;
  /** The run to resume; undefined for the first job. */
  readonly runId: string | undefined;
  readonly firstStep: number;
  readonly steps: number;
}

/** The result of the jobs. */
export interface Progress {
  readonly runId: string;
  /** The last step that each job reported; undefined if it was killed before that. */
  readonly lastSteps: readonly (number | undefined)[];
}

/** A line that a job printed. */
interface Said {
  readonly runId?: string;
  readonly step?: number;
}

const JOBS = 10;
const STEPS = 60;
const LONGEST_REPEAT = 12;

/**
 * Runs ten jobs, one after the other, each killed at a random moment. A job starts a few steps before the last one of
 * its predecessor, as after loading a checkpoint.
 */
export async function runCluster(random: Random, logDirOf: (job: number) => string): Promise<Progress> {
  let runId: string | undefined;
  let reached = 0;
  const lastSteps: (number | undefined)[] = [];
  for (let job = 0; job < JOBS; job += 1) {
    const firstStep = Math.max(0, reached - random.between(0, LONGEST_REPEAT));
    const child = startProgram<Said>("cluster-job.ts", { logDir: logDirOf(job), job, runId, firstStep, steps: STEPS });
    // The first job must have created the run, or nobody could resume it.
    const lines = random.between(runId === undefined ? 1 : 0, STEPS);
    await until(() => child.stdout().split("\n").length > lines);
    await child.kill();
    const said = child.lines();
    runId ??= said[0]?.runId;
    const last = said.at(-1)?.step;
    lastSteps.push(last);
    reached = Math.max(reached, last ?? 0);
  }
  if (runId === undefined) throw new Error("The first job has begun no run.");
  return { runId, lastSteps };
}
