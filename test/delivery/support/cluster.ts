import { until } from "../../support/until.js";
import { startProgram } from "./program.js";
import type { Random } from "./random.js";

/** What a job of a cluster is told. */
export interface ClusterJob {
  readonly logDir: string;
  /** Its number, which is the loss that it logs. */
  readonly job: number;
  /** The run to resume; undefined for the first job. */
  readonly runId: string | undefined;
  readonly firstStep: number;
  readonly steps: number;
}

/** What the jobs of a cluster did. */
export interface Played {
  readonly runId: string;
  /** For each job, the last step that it said to have logged; undefined if it was killed before. */
  readonly lastSteps: readonly (number | undefined)[];
}

/** A line that a job has printed. */
interface Said {
  readonly runId?: string;
  readonly step?: number;
}

const JOBS = 10;
const STEPS = 60;
const LONGEST_REPEAT = 12;

/**
 * Plays a cluster: ten jobs, one after the other, each killed at a moment of the seed's choice. A job begins a few steps before the
 * last one that its predecessor has logged, as from a checkpoint.
 */
export async function playCluster(random: Random, logDirOf: (job: number) => string): Promise<Played> {
  let runId: string | undefined;
  let reached = 0;
  const lastSteps: (number | undefined)[] = [];
  for (let job = 0; job < JOBS; job += 1) {
    const firstStep = Math.max(0, reached - random.between(0, LONGEST_REPEAT));
    const child = startProgram<Said>("cluster-job.ts", { logDir: logDirOf(job), job, runId, firstStep, steps: STEPS });
    // The first job has begun the run when it is killed: nobody could resume it otherwise.
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
