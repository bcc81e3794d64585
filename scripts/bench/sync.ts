import { cpSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./folder.js";
import { runProgram } from "./program.js";
import { type Compared, compared, type Rounds, roundsAt, scaled, turnByTurn } from "./rounds.js";
import type { BenchRow } from "./row.js";
import { type ServerOptions, startServer } from "./server-process.js";
import { CONCURRENCY, type Synced, type Syncing } from "./sync-options.js";

const MAX_ROWS = 200_000;
const LATENCY_MS = 20;
const MEGABYTE = 1e6;

/** A sync to a backend without latency, and its memory. */
export async function syncing(scale: number): Promise<BenchRow[]> {
  const rows = scaled(MAX_ROWS, scale, 100);
  const { time, cpu, memory } = await synced(rows, roundsAt(scale, 3));
  const unit = "µs";
  return [
    {
      measure: `sync of ${rows.toLocaleString("en-US")} rows, each`,
      unit,
      ...time,
      goal: { of: "ratio", atMost: 1.1 },
    },
    { measure: "… in CPU time", unit, ...cpu },
    { measure: "… most resident memory", unit: "MB", ...memory, goal: { of: "ours", atMost: 110 } },
  ];
}

/** The same with latency: a sync has to keep the maximum number of rows in flight. */
export async function syncingFromAfar(scale: number): Promise<BenchRow[]> {
  const rows = scaled(4_000, Math.min(1, scale * 2), 20);
  const { time } = await synced(rows, { rounds: 1, warmups: 0 }, { latencyMs: LATENCY_MS });
  const most = (CONCURRENCY * 1000) / LATENCY_MS;
  const [undici, ours] = [time.floor, time.ours].map((each) => 1e6 / each);
  return [
    {
      measure: `sync with ${LATENCY_MS} ms of latency`,
      unit: "rows/s",
      floor: most,
      ours: ours ?? 0,
      ratio: (ours ?? 0) / most,
      goal: { of: "ratio", atLeast: 0.9 },
      note: `the floor is ${CONCURRENCY} rows in flight for ${LATENCY_MS} ms each; undici alone reaches ${undici?.toFixed(0)} rows/s`,
    },
  ];
}

/** The results of each round: each side runs in a new process, on a new copy of one mirror. */
async function synced(rows: number, rounds: Rounds, options: ServerOptions = {}) {
  using folder = temporaryFolder();
  using server = await startServer(options);
  const original = join(folder.path, "original");
  await runProgram<string>("fill-mirror", { logDir: original, rows });
  const went = { floor: [] as Synced[], ours: [] as Synced[] };
  const side = (program: "sync-floor" | "sync-ours", all: Synced[]) => async () => {
    const logDir = join(folder.path, crypto.randomUUID());
    cpSync(original, logDir, { recursive: true });
    const syncing: Syncing = { url: server.url, logDir, rows };
    const one = await runProgram<Synced>(program, syncing);
    if (one.rows !== rows) throw new Error(`${program} has delivered ${one.rows} of ${rows} rows.`);
    all.push(one);
    return one.durationMs;
  };
  await turnByTurn({ floor: side("sync-floor", went.floor), ours: side("sync-ours", went.ours) }, rounds);
  const compare = (value: (one: Synced) => number): Compared => compared(went.floor.map(value), went.ours.map(value));
  return {
    time: compare(({ durationMs }) => (durationMs * 1000) / rows),
    cpu: compare(({ cpuMs }) => (cpuMs * 1000) / rows),
    memory: compare(({ maxRssBytes }) => maxRssBytes / MEGABYTE),
  };
}
