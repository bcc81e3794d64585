import { join } from "node:path";
import { temporaryFolder } from "./folder.js";
import { runProgram } from "./program.js";
import { QUEUE_NAMES, QUEUES, type QueueName } from "./queues.js";
import { compared, roundsAt, scaled, turnByTurn } from "./rounds.js";
import type { BenchRow } from "./row.js";
import { startServer } from "./server-process.js";
import type { Synced } from "./sync-options.js";

/** The rows per second that each queue delivers, from the first call to the last response. */
export async function peerQueues(scale: number): Promise<BenchRow[]> {
  using folder = temporaryFolder();
  const rows = scaled(10_000, scale, 50);
  const delivering = (queue: QueueName) => async () => {
    using server = await startServer({ counts: true });
    const logDir = join(folder.path, crypto.randomUUID());
    const durationMs = await runProgram<number>("deliver", { queue, rows, url: server.url, logDir });
    const delivered = await server.count();
    if (delivered !== rows) throw new Error(`${queue} has delivered ${delivered} of ${rows} rows.`);
    return (rows * 1000) / durationMs;
  };
  const floor = async () => {
    using server = await startServer({ counts: true });
    const { durationMs } = await runProgram<Synced>("sync-floor", { url: server.url, rows });
    return (rows * 1000) / durationMs;
  };
  const sides = {
    floor,
    "evsys-sdk": delivering("evsys-sdk"),
    langsmith: delivering("langsmith"),
    "@segment/analytics-node": delivering("@segment/analytics-node"),
  };
  const found = await turnByTurn(sides, roundsAt(scale, 3));
  return QUEUE_NAMES.map((name) => ({
    measure: `${name}, delivered`,
    unit: "rows/s",
    isPeer: name !== "evsys-sdk",
    ...compared(found.get("floor"), found.get(name)),
    note: QUEUES[name].promise,
  }));
}
