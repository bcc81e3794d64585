const BASE_MS = 500;
const MAX_MS = 8_000;

/**
 * How long to wait after so many attempts, in milliseconds, with full jitter: anything between nothing and a ceiling that
 * doubles with each attempt, so that clients spread out.
 */
export function backoffMs(attempts: number, maxMs = MAX_MS): number {
  return Math.random() * Math.min(maxMs, BASE_MS * 2 ** (attempts - 1));
}
