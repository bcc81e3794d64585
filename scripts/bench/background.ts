import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";
import { DashboardClient, type DashboardClientOptions } from "../../src/index.js";
import { API_KEY } from "./api-key.js";
import { temporaryFolder } from "./folder.js";
import { interleaved, median, roundsAt, type Side, scaled } from "./rounds.js";
import type { BenchRow } from "./row.js";
import { startServer } from "./server-process.js";
import { inputAt, stepsFrom } from "./steps.js";

const IN_FLIGHT = 16;
const RESOLUTION_MS = 1;
const PERCENTILE = 99;

/** The cost of a call in background delivery with 16 rows in flight, and the event-loop delay. */
export async function background(scale: number): Promise<BenchRow[]> {
  using folder = temporaryFolder();
  using server = await startServer();
  const calls = scaled(1_000, scale, IN_FLIGHT);
  const connection = { baseUrl: server.url, apiKey: API_KEY, projectId: "bench" };
  await using offline = await training(join(folder.path, "offline"), { offline: true }, calls);
  const options: DashboardClientOptions = { ...connection, delivery: "background", concurrency: IN_FLIGHT };
  await using online = await training(join(folder.path, "online"), options, calls);
  const rounds = roundsAt(scale, 15, 5);
  const compared = await interleaved(offline.perCall, online.perCall, rounds);
  return [
    {
      measure: 'delivery: "background", the caller\'s time',
      unit: "µs",
      ...compared,
      goal: { of: "ratio", atMost: 1.3 },
    },
    {
      measure: `… event-loop delay p${PERCENTILE}`,
      unit: "ms",
      ours: median(online.delaysMs.slice(-rounds.rounds)),
      goal: { of: "ours", atMost: 5 },
      note: `the median of ${rounds.rounds} rounds, sampled every ${RESOLUTION_MS} ms; ${IN_FLIGHT} rows were in flight`,
    },
  ];
}

interface Training extends AsyncDisposable {
  /** The microseconds of each call, without the turns of the event loop between them. */
  readonly perCall: Side;
  /** The event loop's delay, a percentile for each round: from the first call until everything was delivered. */
  readonly delaysMs: readonly number[];
}

async function training(logDir: string, options: DashboardClientOptions, calls: number): Promise<Training> {
  const client = new DashboardClient({ logDir, logLevel: "ERROR", ...options });
  const experiment = await client.createExperiment({ experiment_name: "bench" });
  const { id } = await client.createRun({ experiment_id: experiment.id });
  const delaysMs: number[] = [];
  let step = 0;
  return {
    async perCall() {
      const inputs = stepsFrom(step, calls, inputAt);
      step += calls;
      let spentMs = 0;
      const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      delay.enable();
      for (const [at, input] of inputs.entries()) {
        const calledAt = performance.now();
        await client.logStepMetric(id, input);
        spentMs += performance.now() - calledAt;
        if (at % IN_FLIGHT === 0) await nextTurn();
      }
      // The other side starts when nothing of this one is in flight.
      if (!client.offline) await client.flush();
      delay.disable();
      delaysMs.push(delay.percentile(PERCENTILE) / 1e6);
      return (spentMs * 1000) / calls;
    },
    delaysMs,
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}
