import { setImmediate as nextTurn } from "node:timers/promises";

/** One side of a comparison: does its work once, and answers what it came to, in the unit of its row. */
export type Side = () => Promise<number>;

/** How often each side has its turn. The first turns, of the warm-ups, are not counted. */
export interface Rounds {
  readonly rounds: number;
  readonly warmups: number;
}

/** Two sides that were measured turn by turn. */
export interface Compared {
  readonly floor: number;
  readonly ours: number;
  readonly ratio: number;
  readonly ratios: readonly number[];
}

/**
 * Measures all sides turn by turn: whatever else the machine does, it does to each.
 * @returns what each side came to, round by round.
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

/** Compares round by round, so that a slow stretch of the machine does not fall on one side alone. */
export function compared(floors: readonly number[] = [], ours: readonly number[] = []): Compared {
  const ratios = floors.map((floor, at) => (ours[at] ?? Number.NaN) / floor);
  return { floor: median(floors), ours: median(ours), ratio: median(ratios), ratios };
}

/** Measures two sides turn by turn and compares them. */
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

/** A size for this run: the full one times the scale, and never less than what there must be. */
export function scaled(full: number, scale: number, least = 1): number {
  return Math.max(least, Math.round(full * scale));
}

/** The rounds for this run: all of them, but where it is no more than a try. */
export function roundsAt(scale: number, rounds: number, warmups = 0): Rounds {
  const share = Math.min(1, scale * 5);
  return { rounds: Math.max(1, Math.round(rounds * share)), warmups: Math.round(warmups * share) };
}

/** Milliseconds from some moment on. */
export type Clock = () => number;

/** The time that passes. */
export const wallClock: Clock = () => performance.now();

/** The time that this process computes: it waits for nothing, and so feels little of what else the machine does. */
export const cpuClock: Clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** The microseconds that each of `calls` took. */
export async function microsecondsPerCall(
  calls: number,
  work: () => Promise<unknown>,
  clock: Clock = wallClock,
): Promise<number> {
  const startedAt = clock();
  await work();
  return ((clock() - startedAt) * 1000) / calls;
}
