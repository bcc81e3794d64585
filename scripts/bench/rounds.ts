import { setImmediate as nextTurn } from "node:timers/promises";

/** One side of a comparison: does its work once, and returns the measured value in the unit of its row. */
export type Side = () => Promise<number>;

/** The number of rounds and of warm-ups, which do not count. */
export interface Rounds {
  readonly rounds: number;
  readonly warmups: number;
}

/** Two sides that were measured alternately. */
export interface Compared {
  readonly floor: number;
  readonly ours: number;
  readonly ratio: number;
  readonly ratios: readonly number[];
}

/**
 * Measures all sides alternately, so that other load on the machine affects each of them.
 * @returns the values of each side, by round.
 */
export async function turnByTurn<Name extends string>(
  sides: Readonly<Record<Name, Side>>,
  { rounds, warmups }: Rounds,
): Promise<Map<Name, readonly number[]>> {
  const found = new Map<Name, number[]>();
  for (let round = -warmups; round < rounds; round += 1) {
    for (const name in sides) {
      await nextTurn();
      const value = await sides[name]();
      if (round >= 0) found.set(name, [...(found.get(name) ?? []), value]);
    }
  }
  return found;
}

/** Compares round by round, so that a slow phase of the machine does not affect only one side. */
export function compared(floors: readonly number[] = [], ours: readonly number[] = []): Compared {
  const ratios = floors.map((floor, at) => (ours[at] ?? Number.NaN) / floor);
  return { floor: median(floors), ours: median(ours), ratio: median(ratios), ratios };
}

/** Measures two sides alternately and compares them. */
export async function interleaved(floor: Side, ours: Side, rounds: Rounds): Promise<Compared> {
  const found = await turnByTurn({ floor, ours }, rounds);
  return compared(found.get("floor"), found.get("ours"));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = sorted.slice(middle - 1, middle + 1);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? Number.NaN) : (low + high) / 2;
}

/** The size for this scale, at least `least`. */
export function scaled(full: number, scale: number, least = 1): number {
  return Math.max(least, Math.round(full * scale));
}

/** The rounds for this scale: fewer below a scale of 0.2. */
export function roundsAt(scale: number, rounds: number, warmups = 0): Rounds {
  const share = Math.min(1, scale * 5);
  return { rounds: Math.max(1, Math.round(rounds * share)), warmups: Math.round(warmups * share) };
}

/** Milliseconds from an arbitrary start. */
export type MillisecondClock = () => number;

/** Elapsed time. */
export const wallClock: MillisecondClock = () => performance.now();

/** CPU time of this process, which depends little on other load. */
export const cpuClock: MillisecondClock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** The mean duration of `calls` calls, in microseconds. */
export async function microsecondsPerCall(
  calls: number,
  work: () => Promise<unknown>,
  clock: MillisecondClock = wallClock,
): Promise<number> {
  const startedAt = clock();
  await work();
  return ((clock() - startedAt) * 1000) / calls;
}
