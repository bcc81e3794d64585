import fc from "fast-check";
import { IS_LONG } from "../../delivery/support/random.js";

/**
 * Holds a property against so many cases: the same ones in each short suite, others in each long one. A failure names its
 * seed and its path, with which fast-check plays it again.
 */
export async function holds<Case>(
  property: fc.IAsyncPropertyWithHooks<Case>,
  { few, many }: { readonly few: number; readonly many: number },
): Promise<void> {
  await fc.assert(property, IS_LONG ? { numRuns: many } : { numRuns: few, seed: 20_240_601 });
}

/** How long a test of the long suite may take. */
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
