import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { zStepMetric } from "../../generated/schemas.js";
import { finiteStepLine } from "../../src/api/finite-step.js";
import { NAMED_SERIES, stepMetricFields } from "../../src/api/inputs.js";
import { accept } from "../../src/delivery/accept.js";
import { fixedCases } from "./support/properties.js";

/** The line of a step after the full check; undefined if the step is rejected. */
function checkedStep(input: unknown): string | undefined {
  try {
    return accept("logStepMetric", input, "logStepMetric", stepMetricFields).text;
  } catch {
    return undefined;
  }
}

const SPLITS = zStepMetric.shape.split.options;
const name = fc.oneof(
  fc.constantFrom(
    "loss",
    "kl",
    "NaN",
    "Infinity",
    "null",
    "",
    "0",
    "10",
    "2",
    "__proto__",
    "toJSON",
    "constructor",
    "ü€😀",
  ),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom(...NAMED_SERIES),
);
const finite = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(0, -0, 1e21, 1e-7, 5e-324, Number.MAX_VALUE, 2 ** 53, 2 ** 53 + 2),
);
const missing = fc.constantFrom(null, undefined);
const strange = fc.oneof(fc.double(), fc.anything({ withBigInt: true, withMap: true, withDate: true }), fc.string());
const usually = <Value>(value: fc.Arbitrary<Value>, other: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 12, arbitrary: value }, { weight: 1, arbitrary: other });
const series = usually(fc.oneof({ weight: 6, arbitrary: finite }, { weight: 1, arbitrary: missing }), strange);
const metrics = fc
  .array(fc.tuple(name, series), { maxLength: 6 })
  .map((entries) => Object.fromEntries(entries.map(([key, value]) => [key, value])));
const steps = fc.record(
  {
    step: usually(
      fc.oneof(fc.nat(), fc.maxSafeInteger(), fc.constant(-0)),
      fc.oneof(strange, fc.constantFrom(2 ** 53, 0.5)),
    ),
    split: usually(fc.oneof(fc.constantFrom(...SPLITS), missing), strange),
    metrics: usually(fc.oneof({ weight: 6, arbitrary: metrics }, { weight: 1, arbitrary: missing }), strange),
    ...Object.fromEntries([...NAMED_SERIES].map((each) => [each, series])),
    unknown: fc.anything(),
  },
  { requiredKeys: ["step"], noNullPrototype: true },
);
/** Fields of `steps` are sometimes omitted; an unknown field nearly always. */
const inputs = usually(
  fc
    .tuple(steps, fc.integer({ min: 0, max: 19 }))
    .map(([{ unknown, ...step }, die]) => (die === 0 ? { ...step, unknown } : step)),
  fc.anything({ withNullPrototype: true, withMap: true }),
);

describe("the fast path for the line of a step", () => {
  it("gives the same line as the full check, or none", () => {
    let [plain, all] = [0, 0];
    fc.assert(
      fc.property(inputs, (input) => {
        const text = finiteStepLine(input);
        all += 1;
        if (text === undefined) return;
        plain += 1;
        expect(text).toBe(checkedStep(input));
      }),
      fixedCases(20_000),
    );
    // Otherwise the comparison would prove nothing.
    expect(plain / all).toBeGreaterThan(0.15);
  });

  it("is taken by every plain object of finite series", () => {
    const value = fc.oneof({ weight: 6, arbitrary: finite }, { weight: 1, arbitrary: missing });
    const free = fc.string().filter((each) => !NAMED_SERIES.has(each) && !["__proto__", "toJSON"].includes(each));
    const common = fc.record(
      {
        step: fc.maxSafeInteger(),
        split: fc.oneof(fc.constantFrom(...SPLITS), missing),
        metrics: fc.dictionary(free, value, { noNullPrototype: true }),
        accuracy: value,
        loss: finite,
      },
      { requiredKeys: ["step", "loss"], noNullPrototype: true },
    );
    fc.assert(
      fc.property(common, (input) => {
        const text = finiteStepLine(input);
        expect(text).toBeTypeOf("string");
        expect(text).toBe(checkedStep(input));
      }),
      fixedCases(5_000),
    );
  });

  it("reads each field once", () => {
    let reads = 0;
    const counted = {
      step: 1,
      get loss() {
        reads += 1;
        return reads;
      },
      metrics: {
        get kl() {
          reads += 1;
          return reads;
        },
      },
    };
    expect(finiteStepLine(counted)).toBe('{"step":1,"split":"train","metrics":{"kl":2,"loss":1}}');
  });

  it.each([
    [
      "an instance of a class",
      new (class {
        step = 1;
        loss = 1;
      })(),
    ],
    [
      "a getter that throws",
      {
        step: 1,
        get loss(): number {
          throw new Error("no");
        },
      },
    ],
    ["a toJSON", { step: 1, metrics: Object.defineProperty({ a: 1 }, "toJSON", { value: () => ({ a: 2 }) }) }],
    ["a series given twice", { step: 1, loss: 1, metrics: { loss: 1 } }],
    ["no series", { step: 1, metrics: {} }],
    ["NaN", { step: 1, loss: Number.NaN }],
    ["a step beyond the schema", { step: 2 ** 53, loss: 1 }],
    ["a split beyond the schema", { step: 1, split: "dev", loss: 1 }],
  ])("does not cover %s", (_, input) => {
    expect(finiteStepLine(input)).toBeUndefined();
  });
});
