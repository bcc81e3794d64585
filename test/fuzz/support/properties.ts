import fc from "fast-check";
import { expect } from "vitest";
import { IS_FULL, IS_LONG } from "../../delivery/support/random.js";

const [QUICK_SEED, FULL_SEED] = [20_240_601, 20_240_602];
/** The share of `few` that `npm test` runs. */
const QUICK_SHARE = 1 / 12;

/**
 * Checks a property: with some cases in `npm test`, `few` others in `npm run test:full`, the same ones each time, and
 * `many` different ones in `npm run test:long`. A failure prints its seed and path, with which fast-check repeats it.
 */
export async function checkProperty<Case>(
  property: fc.IAsyncPropertyWithHooks<Case>,
  { few, many }: { readonly few: number; readonly many: number },
): Promise<void> {
  await fc.assert(property, IS_LONG ? { numRuns: many } : fixedCases(few));
}

/** The parameters for the same cases each time: some of them in `npm test`, `few` others in `npm run test:full`. */
export function fixedCases(few: number): { readonly numRuns: number; readonly seed: number } {
  return IS_FULL || IS_LONG
    ? { numRuns: few, seed: FULL_SEED }
    : { numRuns: Math.ceil(few * QUICK_SHARE), seed: QUICK_SEED };
}

/** Checks that no kind of case was rare, because the property would prove little. `npm test` may lack some. */
export function expectShares(counts: Readonly<Record<string, number>>, least: number): void {
  if (!IS_FULL && !IS_LONG) return;
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const rare = Object.entries(counts).filter(([, count]) => count / all < least);
  expect(rare, `of ${all} cases`).toEqual([]);
}

/** Hundreds of cases with files and requests take longer than the default timeout. */
export const PROPERTY_TIMEOUT_MS = IS_LONG ? 3_600_000 : 120_000;

/** A fixture shared by a number of cases, then replaced: reading a growing mirror becomes slower. */
export interface Fixtures<Fixture> {
  next(): Promise<Fixture>;
  end(): Promise<void>;
}

export function fixturesOf<Fixture>(
  begin: () => Promise<Fixture>,
  end: (fixture: Fixture) => Promise<unknown>,
  cases: number,
): Fixtures<Fixture> {
  let fixture: Fixture | undefined;
  let left = 0;
  async function finish(): Promise<void> {
    const last = fixture;
    fixture = undefined;
    if (last !== undefined) await end(last);
  }
  return {
    async next() {
      if (left === 0) await finish();
      left = left === 0 ? cases - 1 : left - 1;
      fixture ??= await begin();
      return fixture;
    },
    end: finish,
  };
}
