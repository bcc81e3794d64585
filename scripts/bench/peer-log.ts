import { join } from "node:path";
import { destination, pino } from "pino";
import { appendFloor } from "./append-floor.js";
import { temporaryFolder } from "./folder.js";
import { floorSide } from "./offline.js";
import { compared, microsecondsPerCall, roundsAt, type Side, scaled, turnByTurn } from "./rounds.js";
import type { BenchRow } from "./row.js";
import { rowAt, stepsFrom } from "./steps.js";

const BUFFER_BYTES = 4_096;

/** The cost of a call of a logger that writes the same objects to a file. */
export async function peerLog(scale: number): Promise<BenchRow[]> {
  using folder = temporaryFolder();
  using floor = appendFloor(join(folder.path, "floor.jsonl"));
  const calls = scaled(5_000, scale);
  const sides = {
    floor: floorSide(floor, calls),
    sync: logging(join(folder.path, "sync.jsonl"), calls, true),
    async: logging(join(folder.path, "async.jsonl"), calls, false),
  };
  const found = await turnByTurn(sides, roundsAt(scale, 41, 10));
  const floors = found.get("floor");
  return [
    {
      measure: "pino to a file, synchronous",
      unit: "µs",
      isPeer: true,
      ...compared(floors, found.get("sync")),
      note: "the line is in the file when the call returns; nothing is sent to a backend",
    },
    {
      measure: "pino to a file, asynchronous",
      unit: "µs",
      isPeer: true,
      ...compared(floors, found.get("async")),
      note: `the line is in memory until ${BUFFER_BYTES} bytes have gathered, and lost if the process dies before; nothing is sent to a backend`,
    },
  ];
}

function logging(path: string, calls: number, sync: boolean): Side {
  const file = destination({ dest: path, sync, minLength: sync ? 0 : BUFFER_BYTES });
  const logger = pino(file);
  let step = 0;
  return async () => {
    const rows = stepsFrom(step, calls, rowAt);
    step += calls;
    const perCall = await microsecondsPerCall(calls, async () => {
      for (const row of rows) logger.info(row);
    });
    // Lines that are still in memory are written after the measurement.
    await new Promise((resolve) => file.flush(resolve));
    return perCall;
  };
}
