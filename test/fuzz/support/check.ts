import fc from "fast-check";
import { expect } from "vitest";
import { IS_FULL, IS_LONG } from "../../delivery/support/random.js";

const [QUICK_SEED, FULL_SEED] = [20_240_601, 20_240_602];
/** How much of the few cases `npm test` plays. */
const QUICK_SHARE = 1 / 6;

/**
 * Holds a property against a number of cases: some in `npm test`, `few` others in `npm run test:full`, the same ones each
 * time, and `many` in `npm run test:long`, others each time. A failure names its seed and its path, with which fast-check
 * plays it again.
 */
export async function holds<Case>(
  property: fc.IAsyncPropertyWithHooks<Case>,
  { few, many }: { readonly few: number; readonly many: number },
): Promise<void> {
  const short = IS_FULL
    ? { numRuns: few, seed: FULL_SEED }
    : { numRuns: Math.ceil(few * QUICK_SHARE), seed: QUICK_SEED };
  await fc.assert(property, IS_LONG ? { numRuns: many } : short);
}

/** Checks that no kind of case was rare, for then the property would say little. The few cases of `npm test` may lack one. */
export function expectShares(counts: Readonly<Record<string, number>>, least: number): void {
  if (!IS_FULL && !IS_LONG) return;
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const rare = Object.entries(counts).filter(([, count]) => count / all < least);
  expect(rare, `of ${all} cases`).toEqual([]);
}

/** Hundreds of cases, each with files and requests of its own, take longer than a test may otherwise. */
export const PATIENCE_MS = IS_LONG ? 3_600_000 : 120_000;

/** Something to play in, for some cases each: a mirror that grows for ever makes each look at it slower. */
export interface Worlds<World> {
  /** The world of the next case. */
  next(): Promise<World>;
  /** Ends the last world. */
  end(): Promise<void>;
}

export function worldsOf<World>(
  begin: () => Promise<World>,
  end: (world: World) => Promise<unknown>,
  cases: number,
): Worlds<World> {
  let world: World | undefined;
  let left = 0;
  async function finish(): Promise<void> {
    const last = world;
    world = undefined;
    if (last !== undefined) await end(last);
  }
  return {
    async next() {
      if (left === 0) await finish();
      left = left === 0 ? cases - 1 : left - 1;
      world ??= await begin();
      return world;
    },
    end: finish,
  };
}
