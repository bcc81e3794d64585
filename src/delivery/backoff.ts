const BASE_MS = 500;
const MAX_MS = 8_000;

/**
 * The backoff after a number of attempts, in milliseconds, with full jitter: random between 0 and a ceiling that doubles
 * with each attempt.
 */
export function backoffMs(attempts: number, maxMs = MAX_MS): number {
  return Math.random() * Math.min(maxMs, BASE_MS * 2 ** (attempts - 1));
}
