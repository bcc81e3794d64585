/** log-on.ts {"queue","everyMs",…}: gives a row to a queue now and then, and tells how many it has taken, until it is killed. */
import { setTimeout as sleep } from "node:timers/promises";
import { optionsOf, tell } from "./program.js";
import { QUEUES, type QueueName, type QueueOptions } from "./queues.js";

const {
  queue: name,
  everyMs,
  ...options
} = optionsOf<QueueOptions & { readonly queue: QueueName; readonly everyMs: number }>();
const queue = await QUEUES[name].open(options);
for (let step = 0; ; step += 1) {
  await queue.log(step);
  tell(step + 1);
  await sleep(everyMs);
}
