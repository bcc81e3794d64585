/** deliver.ts {"queue","rows",…}: adds rows to a queue as fast as it accepts them, and reports the time until all are delivered. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { programOptions, sendResult } from "./program.js";
import { QUEUES, type QueueName, type QueueOptions } from "./queues.js";

const ROWS_A_TURN = 100;

const {
  queue: name,
  rows,
  ...options
} = programOptions<QueueOptions & { readonly queue: QueueName; readonly rows: number }>();
const queue = await QUEUES[name].open(options);
const startedAt = performance.now();
for (let step = 0; step < rows; step += 1) {
  await queue.log(step);
  if (step % ROWS_A_TURN === 0) await nextTurn();
}
await queue.flush();
sendResult(performance.now() - startedAt);
