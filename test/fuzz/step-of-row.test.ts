import fc from "fast-check";
import { expect, it } from "vitest";
import { zSplit } from "../../generated/schemas.js";
import { stepOfRow } from "../../src/store/step-of-row.js";
import { fixedCases } from "./support/properties.js";

const step = fc.oneof(
  { weight: 4, arbitrary: fc.maxSafeInteger() },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1.5, null, "7", [5], false, {}) },
);
const split = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...zSplit.options) },
  { weight: 1, arbitrary: fc.oneof(fc.string(), fc.constantFrom(null, 1, "other")) },
);
/** The forms of different clients: compact, with spaces, with escaped letters, with the fields in another order. */
const form = fc.constantFrom<(row: { readonly step: unknown; readonly split: unknown }) => string>(
  (row) => JSON.stringify({ ...row, metrics: { loss: 1 } }),
  ({ step, split }) => `{"step": ${JSON.stringify(step)}, "split": ${JSON.stringify(split)}, "metrics": {"loss": 1}}`,
  ({ step, split }) => `{"step":${JSON.stringify(step)},"split":${JSON.stringify(split).replace(/a/g, "\\u0061")}}`,
  ({ step, split }) => JSON.stringify({ split, metrics: {}, step }),
);

it("the step and the split of a row are those of its JSON, whichever client wrote it", () => {
  fc.assert(
    fc.property(step, split, form, (step, split, write) => {
      const isStep = typeof step === "number" && typeof split === "string";
      expect(stepOfRow(write({ step, split }))).toEqual(isStep ? { step: step + 0, split } : undefined);
    }),
    fixedCases(5_000),
  );
});

it.each(['{"step":,"split":"train"', '{"step":5,"split":"tra', '{"step":5', "", "null"])(
  "a line that is not JSON has none: %s",
  (line) => {
    expect(stepOfRow(line)).toBeUndefined();
  },
);
