import * as fc from "fast-check";
import { expect, it } from "vitest";
import { temporaryFolder } from "../support/folders.js";
import { Simulation, type Step } from "./support/model.js";
import { IS_FULL, IS_LONG } from "./support/random.js";

const KINDS: readonly { readonly weight: number; readonly kinds: readonly Step["kind"][] }[] = [
  { weight: 3, kinds: ["experiment", "run"] },
  { weight: 8, kinds: ["metrics", "checkpoint", "eval", "predictions", "run patch", "experiment patch"] },
  { weight: 3, kinds: ["outage", "restart", "lost responses"] },
  { weight: 1, kinds: ["kill", "burst and kill"] },
  { weight: 2, kinds: ["flush", "sync"] },
];

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.oneof(...KINDS.map(({ weight, kinds }) => ({ weight, arbitrary: fc.constantFrom(...kinds) }))),
    a: fc.nat(20),
    b: fc.nat(20),
  }),
  { minLength: 10, maxLength: IS_LONG ? 60 : 35 },
);

/** There is something to write to from the start. */
const BEGINNING: readonly Step[] = [
  { kind: "experiment", a: 0, b: 0 },
  { kind: "run", a: 0, b: 0 },
];

it.each(["await", "background"] as const)(
  "after any sequence of events, the backend has each accepted write once (delivery %s)",
  { timeout: IS_LONG ? 3_600_000 : 60_000 },
  async (delivery) => {
    const property = fc.asyncProperty(steps, async (sequence) => {
      const simulation = await Simulation.begin(temporaryFolder(), delivery);
      for (const step of [...BEGINNING, ...sequence]) await simulation.take(step);
      await simulation.end();
    });
    // A failure names its seed and its path: with them fast-check plays it again, and shrinks it where it is asked to.
    const seed = IS_LONG ? Date.now() % 2 ** 31 : IS_FULL ? 20_240_602 : 20_240_601;
    const { failed, counterexample, errorInstance } = await fc.check(property, {
      seed,
      numRuns: IS_LONG ? 150 : IS_FULL ? 3 : 1,
      endOnFailure: !IS_LONG,
    });
    const played = counterexample?.[0].map(({ kind, a, b }) => `${kind} ${a} ${b}`);
    expect({ failed, seed, played, errorInstance }).toEqual({
      failed: false,
      seed,
      played: undefined,
      errorInstance: null,
    });
  },
);
