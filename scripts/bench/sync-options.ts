import { cpuClock } from "./rounds.js";

/** The maximum number of rows of a run in flight: the client's default. */
export const CONCURRENCY = 8;

/** The options of a sync program. */
export interface Syncing {
  readonly url: string;
  readonly logDir: string;
  readonly rows: number;
}

/** The result of a sync program. */
export interface Synced {
  readonly durationMs: number;
  /** CPU time of the process since its start. */
  readonly cpuMs: number;
  /** The number of rows that the backend has accepted. */
  readonly rows: number;
  /** The maximum resident memory of the process. */
  readonly maxRssBytes: number;
}

/** The result of this process. */
export function syncedIn(durationMs: number, rows: number): Synced {
  return { durationMs, cpuMs: cpuClock(), rows, maxRssBytes: process.resourceUsage().maxRSS * 1024 };
}
