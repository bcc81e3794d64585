import { join } from "node:path";
import { build } from "esbuild";
import { type Child, run } from "../../support/children.js";
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

const JOBS = 10;
const STEPS = 60;
const LONGEST_REPEAT = 12;

/** Makes one file of the program of a job, so that a job starts in a tenth of a second. */
export async function builtJob(folder: string): Promise<string> {
  const outfile = join(folder, "cluster-job.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "programs", "cluster-job.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile,
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  return outfile;
}

/**
 * Plays a cluster: ten jobs, one after the other, each killed at a moment of the seed's choice. A job begins a few steps before the
 * last one that its predecessor has logged, as from a checkpoint.
 */
export async function playCluster(program: string, random: Random, logDirOf: (job: number) => string): Promise<Played> {
  let runId: string | undefined;
  let reached = 0;
  const lastSteps: (number | undefined)[] = [];
  for (let job = 0; job < JOBS; job += 1) {
    const firstStep = Math.max(0, reached - random.between(0, LONGEST_REPEAT));
    const child = startJob(program, { logDir: logDirOf(job), job, runId, firstStep, steps: STEPS });
    // The first job has begun the run when it is killed: nobody could resume it otherwise.
    const lines = random.between(runId === undefined ? 1 : 0, STEPS);
    await until(child, lines);
    child.process.kill("SIGKILL");
    const { stdout } = await child.ended;
    const said: { runId?: string; step?: number }[] = stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    runId ??= said[0]?.runId;
    const last = said.at(-1)?.step;
    lastSteps.push(last);
    reached = Math.max(reached, last ?? 0);
  }
  if (runId === undefined) throw new Error("The first job has begun no run.");
  return { runId, lastSteps };
}

function startJob(program: string, job: ClusterJob): Child {
  return run(process.execPath, [program, JSON.stringify(job)]);
}

/** Waits until a job has printed so many lines. */
async function until(child: Child, lines: number): Promise<void> {
  const hasPrinted = (): boolean => child.stdout().split("\n").length > lines;
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      if (hasPrinted()) resolve();
    };
    child.process.stdout.on("data", look);
    child.process.once("close", () => reject(new Error(`A job ended by itself, after it printed: ${child.stdout()}`)));
    look();
  });
}
