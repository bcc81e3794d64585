import { cpuClock } from "./rounds.js";

/** How many rows of a run may be in flight: the client's default. */
export const CONCURRENCY = 8;

/** What to bring where. */
export interface Syncing {
  readonly url: string;
  readonly logDir: string;
  readonly rows: number;
}

/** How it went. */
export interface Synced {
  readonly durationMs: number;
  /** How long the process computed, from its start on. */
  readonly cpuMs: number;
  /** How many rows the backend has taken. */
  readonly rows: number;
  /** The most memory that was resident in the process. */
  readonly maxRssBytes: number;
}

/** What there is to tell of this process, which has synced. */
export function syncedIn(durationMs: number, rows: number): Synced {
  return { durationMs, cpuMs: cpuClock(), rows, maxRssBytes: process.resourceUsage().maxRSS * 1024 };
}
