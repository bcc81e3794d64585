import { setTimeout as sleep } from "node:timers/promises";
import { onAbort } from "./on-abort.js";
import { MAX_TIMER_MS } from "./timers.js";

/** Waits for work, `timeoutMs` at most and until `signal` is aborted; the process stays alive for it. */
export async function within(
  timeoutMs: number | undefined,
  signal: AbortSignal | undefined,
  work: Promise<unknown>,
): Promise<void> {
  const abort = new AbortController();
  const waitMs = Math.min(Math.max(0, timeoutMs ?? MAX_TIMER_MS), MAX_TIMER_MS);
  const late = sleep(waitMs, undefined, { signal: abort.signal }).catch(() => {});
  const forget = onAbort(signal, () => abort.abort());
  try {
    if (signal?.aborted !== true) await Promise.race([work, late]);
  } finally {
    forget();
    abort.abort();
  }
}
