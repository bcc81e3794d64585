import { setTimeout as sleep } from "node:timers/promises";

const LOOK_EVERY_MS = 2;

/** Looks again and again until something is so; the test's own timeout is the limit. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(LOOK_EVERY_MS);
}
