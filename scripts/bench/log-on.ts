/** log-on.ts {"queue","everyMs",…}: adds a row to a queue at intervals, and reports how many it has accepted, until it is killed. */
import { setTimeout as sleep } from "node:timers/promises";
import { programOptions, sendResult } from "./program.js";
import { QUEUES, type QueueName, type QueueOptions } from "./queues.js";

const {
  queue: name,
  everyMs,
  ...options
} = programOptions<QueueOptions & { readonly queue: QueueName; readonly everyMs: number }>();
const queue = await QUEUES[name].open(options);
for (let step = 0; ; step += 1) {
  await queue.log(step);
  sendResult(step + 1);
  await sleep(everyMs);
}
