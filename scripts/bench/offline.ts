import { join } from "node:path";
import { DashboardClient } from "../../src/index.js";
import { type AppendFloor, appendFloor } from "./append-floor.js";
import { temporaryFolder } from "./folder.js";
import {
  cpuClock,
  interleaved,
  type MillisecondClock,
  microsecondsPerCall,
  roundsAt,
  type Side,
  scaled,
  wallClock,
} from "./rounds.js";
import type { BenchRow } from "./row.js";
import { inputAt, rowAt, stepsFrom } from "./steps.js";

const BURST = 1_000;

/** A way to log rows to a run of an offline client. */
interface Logging {
  readonly measure: string;
  readonly atMost: number;
  /** The number of calls of a round. */
  readonly calls: number;
  /** Prepares the rows of a round from this step on. Returns the function to measure, which logs them. */
  readonly logger: (client: DashboardClient, runId: string, first: number) => () => Promise<void>;
}

/** A call that is awaited before the next one, as in a training loop. */
export function awaited(scale: number): Promise<BenchRow[]> {
  const calls = scaled(5_000, scale);
  const logger: Logging["logger"] = (client, runId, first) => {
    const inputs = stepsFrom(first, calls, inputAt);
    return async () => {
      for (const input of inputs) await client.logStepMetric(runId, input);
    };
  };
  return againstFloor({ measure: "offline call, awaited", atMost: 1.4, calls, logger }, scale);
}

/** Calls that all start before the first is awaited. */
export function unawaited(scale: number): Promise<BenchRow[]> {
  const bursts = scaled(5, scale);
  const logger: Logging["logger"] = (client, runId, first) => {
    const inputs = stepsFrom(0, bursts, (burst) => stepsFrom(first + burst * BURST, BURST, inputAt));
    return async () => {
      for (const burst of inputs) await Promise.all(burst.map((input) => client.logStepMetric(runId, input)));
    };
  };
  return againstFloor(
    { measure: "offline, 1,000 calls, then awaited", atMost: 1, calls: bursts * BURST, logger },
    scale,
  );
}

/** Compares a way of logging with appending as many rows one by one. */
async function againstFloor({ measure, atMost, calls, logger }: Logging, scale: number): Promise<BenchRow[]> {
  using folder = temporaryFolder();
  using floor = appendFloor(join(folder.path, "floor.jsonl"));
  await using client = new DashboardClient({ offline: true, logDir: join(folder.path, "mirror"), logLevel: "ERROR" });
  const experiment = await client.createExperiment({ experiment_name: "bench" });
  const run = await client.createRun({ experiment_id: experiment.id });
  let step = 0;
  const ours = (clock: MillisecondClock) => (): Promise<number> => {
    const work = logger(client, run.id, step);
    step += calls;
    return microsecondsPerCall(calls, work, clock);
  };
  const rounds = roundsAt(scale, 41, 10);
  const passed = await interleaved(floorSide(floor, calls), ours(wallClock), rounds);
  const computed = await interleaved(floorSide(floor, calls, cpuClock), ours(cpuClock), rounds);
  return [
    { measure, unit: "µs", ...passed, goal: { of: "ratio", atMost } },
    { measure: "… in CPU time", unit: "µs", ...computed },
  ];
}

/** Appends rows to the floor's file, one by one. */
export function floorSide(floor: AppendFloor, calls: number, clock?: MillisecondClock): Side {
  let step = 0;
  return () => {
    const rows = stepsFrom(step, calls, rowAt);
    step += calls;
    const append = async (): Promise<void> => {
      for (const row of rows) await floor.append(row);
    };
    return microsecondsPerCall(calls, append, clock);
  };
}
