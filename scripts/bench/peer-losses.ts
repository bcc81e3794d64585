import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { temporaryFolder } from "./folder.js";
import { runProgram, startProgram } from "./program.js";
import { QUEUE_NAMES, type QueueName } from "./queues.js";
import { scaled } from "./rounds.js";
import type { BenchRow } from "./row.js";
import { startServer } from "./server-process.js";
import type { Synced, Syncing } from "./sync-options.js";

const EVERY_MS = 10;
/** Long enough for each queue to have sent its first batch. */
const BEFORE_MS = 2_000;
const OUTAGE_MS = 5_000;

/** The number of rows lost if the process is killed during an outage of the backend. */
export async function peerLosses(scale: number): Promise<BenchRow[]> {
  using folder = temporaryFolder();
  const short = (ms: number): number => scaled(ms, Math.min(1, scale * 5), 300);
  const [beforeMs, outageMs] = [short(BEFORE_MS), short(OUTAGE_MS)];
  // Side by side: most of it is waiting.
  const logDir = join(folder.path, "mirror");
  const losses = await Promise.all(QUEUE_NAMES.map((queue) => lossOf({ queue, beforeMs, outageMs, logDir })));
  return QUEUE_NAMES.map((name, at) => {
    const { taken, lost } = losses[at] ?? { taken: 0, lost: Number.NaN };
    return {
      measure: `${name}, lost of ${taken} rows`,
      unit: "rows",
      ours: lost,
      note: `the backend was unavailable for ${outageMs / 1000} s, then the process was killed`,
      ...(name === "evsys-sdk" ? { goal: { of: "ours", atMost: 0 } } : { isPeer: true }),
    };
  });
}

interface Outage {
  readonly queue: QueueName;
  /** The time before the outage. */
  readonly beforeMs: number;
  readonly outageMs: number;
  readonly logDir: string;
}

interface Loss {
  /** The number of rows that the queue has accepted. */
  readonly taken: number;
  /** The number of them that never reached the backend. */
  readonly lost: number;
}

async function lossOf({ queue, beforeMs, outageMs, logDir }: Outage): Promise<Loss> {
  using server = await startServer({ counts: true });
  const child = startProgram("log-on", { queue, everyMs: EVERY_MS, url: server.url, logDir });
  let taken = 0;
  const begun = new Promise<void>((resolve) => {
    child.on("message", (text) => {
      taken = Number(text);
      resolve();
    });
  });
  await begun;
  await sleep(beforeMs);
  await server.turn("down");
  await sleep(outageMs);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
  await server.turn("up");
  const syncing: Syncing = { url: server.url, logDir, rows: taken };
  if (queue === "evsys-sdk") await runProgram<Synced>("sync-ours", syncing);
  return { taken, lost: Math.max(0, taken - (await server.count())) };
}
