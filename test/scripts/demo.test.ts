import { describe, expect, it } from "vitest";
import { compareRows } from "../../scripts/demo/compare.js";
import { assess, type Weights } from "../../scripts/demo/softmax.js";

describe("the comparison", () => {
  const line = (here: object[], there: object[], pending = 0, ids = new Map<string, string>()) => {
    const { missing, twice, "not sent yet": unsent } = compareRows(here, there, pending, ids);
    return { missing, twice, unsent };
  };

  it("matches equal rows in any order of rows and fields", () => {
    const rows = [
      { step: 1, metrics: { loss: 1, accuracy: 0 } },
      { step: 2, metrics: { loss: 0, accuracy: 1 } },
    ];
    const others = [
      { metrics: { accuracy: 1, loss: 0 }, step: 2 },
      { metrics: { accuracy: 0, loss: 1 }, step: 1 },
    ];
    expect(line(rows, others)).toEqual({ missing: 0, twice: 0, unsent: 0 });
  });

  it("counts missing and pending rows", () => {
    expect(line([{ step: 1 }, { step: 2 }, { step: 3 }], [{ step: 2 }], 1)).toEqual({
      missing: 1,
      twice: 0,
      unsent: 1,
    });
  });

  it("counts a row that arrived twice, but not two rows with equal contents", () => {
    expect(line([{ step: 1 }], [{ step: 1 }, { step: 1 }])).toEqual({ missing: 0, twice: 1, unsent: 0 });
    expect(line([{ step: 1 }, { step: 1 }], [{ step: 1 }, { step: 1 }])).toEqual({ missing: 0, twice: 0, unsent: 0 });
  });

  it("counts a row that arrived changed as one missing and one extra", () => {
    expect(line([{ loss: 0.25 }], [{ loss: 0.26 }])).toEqual({ missing: 1, twice: 1, unsent: 0 });
  });

  it("counts a document with a pending patch as pending, not as a duplicate", () => {
    const [here, there] = [[{ id: "a", status: "completed" }], [{ id: "a", status: "running" }]];
    expect(line(here, there, 1)).toEqual({ missing: 0, twice: 0, unsent: 1 });
    expect(line(here, there, 0)).toEqual({ missing: 1, twice: 0, unsent: 0 });
  });

  it("matches a row by the backend's id, also in references", () => {
    const ids = new Map<string, string>();
    line([{ id: "here", uri: "a" }], [{ id: "there", uri: "a" }], 0, ids);
    const evals = [{ id: "e1", checkpoint_id: "here" }];
    expect(line(evals, [{ id: "e2", checkpoint_id: "there" }], 0, ids)).toEqual({ missing: 0, twice: 0, unsent: 0 });
    expect(line(evals, [{ id: "e2", checkpoint_id: "other" }], 0, ids)).toEqual({ missing: 1, twice: 1, unsent: 0 });
  });
});

describe("the classifier", () => {
  it("computes the gradient of its loss", () => {
    const examples = [
      { features: [1, 0.5], target: [1, 0, 0] },
      { features: [1, -2], target: [0, 0, 1] },
    ];
    const weights = [
      [0.1, 0.2],
      [0.3, -0.4],
      [-0.5, 0.6],
    ];
    const nudged = (row: number, column: number, by: number): Weights =>
      weights.map((values, r) => values.map((value, c) => (r === row && c === column ? value + by : value)));
    assess(weights, examples).gradient.forEach((slopes, row) => {
      slopes.forEach((slope, column) => {
        const up = assess(nudged(row, column, 1e-6), examples).loss;
        const down = assess(nudged(row, column, -1e-6), examples).loss;
        expect(slope).toBeCloseTo((up - down) / 2e-6, 6);
      });
    });
  });
});
