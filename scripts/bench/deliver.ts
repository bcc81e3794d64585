/** deliver.ts {"queue","rows",…}: gives rows to a queue as fast as it takes them, and tells how long it took to deliver all. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { optionsOf, tell } from "./program.js";
import { QUEUES, type QueueName, type QueueOptions } from "./queues.js";

const ROWS_A_TURN = 100;

const {
  queue: name,
  rows,
  ...options
} = optionsOf<QueueOptions & { readonly queue: QueueName; readonly rows: number }>();
const queue = await QUEUES[name].open(options);
const startedAt = performance.now();
for (let step = 0; step < rows; step += 1) {
  await queue.log(step);
  if (step % ROWS_A_TURN === 0) await nextTurn();
}
await queue.flush();
tell(performance.now() - startedAt);
