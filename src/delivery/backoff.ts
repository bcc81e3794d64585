const BASE_MS = 500;
const LONGEST_MS = 8_000;

/** Full jitter: anything between nothing and a ceiling that doubles with each attempt, so that clients spread out. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  return random() * Math.min(LONGEST_MS, BASE_MS * 2 ** attempt);
}
