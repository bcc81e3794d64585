/** Pseudo-random numbers (mulberry32). */
export interface Random {
  /** From 0 (inclusive) to 1 (exclusive). */
  next(): number;
  /** An integer from `from` to `to`, both inclusive. */
  between(from: number, to: number): number;
  pick<Item>(items: readonly Item[]): Item;
}

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const between = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    between,
    pick(items) {
      const item = items[between(0, items.length - 1)];
      if (item === undefined) throw new Error("There is nothing to pick from.");
      return item;
    },
  };
}

/** `npm run test:long`. */
export const IS_LONG = process.env.EVSYS_LONG_TESTS !== undefined;
/** `npm run test:full`, which does not repeat the seeds of `npm test`. */
export const IS_FULL = !IS_LONG && process.env.TEST_PROJECT === "full";

/**
 * The seeds to run: the first one in `npm test`, the rest of `few` in `npm run test:full`, `many` in `npm run
 * test:long`.
 */
export function seeds(few: number, many: number): number[] {
  const all = Array.from({ length: IS_LONG ? many : few }, (_, at) => at + 1);
  if (IS_LONG) return all;
  return IS_FULL ? all.slice(1) : all.slice(0, 1);
}

const AT_ONCE = 3;

/** Runs a function for each seed, a few at a time: most of the time is spent starting processes. */
export async function forEachSeed(seeds: readonly number[], play: (seed: number) => Promise<void>): Promise<void> {
  const left = seeds.values();
  const work = async (): Promise<void> => {
    for (const seed of left) {
      await play(seed).catch((cause: unknown) => {
        throw new Error(`Seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
