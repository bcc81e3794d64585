/** Numbers that look random and are the same for the same seed (mulberry32). */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number from `from` to `to`, both included. */
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
/** `npm run test:full`, which does not repeat what `npm test` has tried. */
export const IS_FULL = !IS_LONG && process.env.TEST_PROJECT === "full";

/** `npm test` tries the first seed, `npm run test:full` the rest of a few, `npm run test:long` many. */
export function seeds(few: number, many: number): number[] {
  const all = Array.from({ length: IS_LONG ? many : few }, (_, at) => at + 1);
  if (IS_LONG) return all;
  return IS_FULL ? all.slice(1) : all.slice(0, 1);
}

const AT_ONCE = 3;

/** Plays a game for each seed, a few at a time: most of the time goes into the start of their processes. */
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
