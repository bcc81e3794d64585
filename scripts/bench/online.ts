import { join } from "node:path";
import { DashboardClient } from "../../src/index.js";
import { API_KEY } from "./api-key.js";
import { temporaryFolder } from "./folder.js";
import { requestFloor } from "./request-floor.js";
import { interleaved, microsecondsPerCall, roundsAt, scaled } from "./rounds.js";
import type { BenchRow } from "./row.js";
import { startServer } from "./server-process.js";
import { inputAt, rowAt, stepsFrom } from "./steps.js";

/** One run whose calls wait for the backend's responses, one by one. */
export async function oneRun(scale: number): Promise<BenchRow[]> {
  return online({ measure: "online, one run, awaited", runs: 1, callsPerRun: scaled(250, scale), scale, atMost: 1.3 });
}

/** Runs side by side in one process, each with one call in flight. */
export async function parallelRuns(scale: number): Promise<BenchRow[]> {
  return online({
    measure: "online, 16 runs side by side",
    runs: 16,
    callsPerRun: scaled(40, scale),
    scale,
    atMost: 1.6,
  });
}

interface Online {
  readonly measure: string;
  readonly runs: number;
  /** How many rows each run logs in a round. */
  readonly callsPerRun: number;
  readonly scale: number;
  readonly atMost: number;
}

async function online({ measure, runs, callsPerRun, scale, atMost }: Online): Promise<BenchRow[]> {
  using folder = temporaryFolder();
  using server = await startServer();
  await using floor = requestFloor(server.url);
  const logDir = join(folder.path, "mirror");
  await using client = new DashboardClient({ baseUrl: server.url, apiKey: API_KEY, projectId: "bench", logDir });
  const experiment = await client.createExperiment({ experiment_name: "bench" });
  const created = stepsFrom(0, runs, () => client.createRun({ experiment_id: experiment.id }));
  const ids = (await Promise.all(created)).map(({ id }) => id);
  const calls = runs * callsPerRun;
  let step = 0;
  const compared = await interleaved(
    () => {
      const bodies = stepsFrom(step, callsPerRun, (at) => JSON.stringify(rowAt(at)));
      return microsecondsPerCall(calls, () =>
        Promise.all(
          ids.map(async (id) => {
            for (const [at, body] of bodies.entries()) await floor.post(id, step + at, body);
          }),
        ),
      );
    },
    () => {
      const inputs = stepsFrom(step, callsPerRun, inputAt);
      step += callsPerRun;
      return microsecondsPerCall(calls, () =>
        Promise.all(
          ids.map(async (id) => {
            for (const input of inputs) await client.logStepMetric(id, input);
          }),
        ),
      );
    },
    roundsAt(scale, 31, 10),
  );
  const { pending, remote } = client.status();
  if (pending > 0 || remote !== "up") throw new Error(`${pending} rows are pending, and the backend is ${remote}.`);
  return [{ measure, unit: "µs", ...compared, goal: { of: "ratio", atMost } }];
}
