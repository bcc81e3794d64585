import { describe, expect, it } from "vitest";
import { readArguments } from "../../scripts/bench/arguments.js";
import { MEASURES } from "../../scripts/bench/measures.js";
import { isReached } from "../../scripts/bench/row.js";
import { tableOf } from "../../scripts/bench/table.js";

describe("the bench", () => {
  it("runs a single measure, and lists all names for an unknown one", () => {
    expect(readArguments(["--only", "sync", "--quick"])).toEqual({ names: ["sync"], scale: 0.2, out: "bench.json" });
    expect(readArguments([]).names).toEqual(Object.keys(MEASURES));
    expect(() => readArguments(["--only", "nothing"])).toThrow(/--only nothing: expected one of offline, /);
    expect(() => readArguments(["--scale", "none"])).toThrow("--scale none: expected a number above 0.");
  });

  it("reports for each goal whether it is reached", () => {
    const row = { measure: "a call", unit: "µs", floor: 4, ours: 5.214, ratio: 1.3035 } as const;
    expect(isReached(row)).toBeUndefined();
    expect(isReached({ ...row, goal: { of: "ratio", atMost: 1.3 } })).toBe(false);
    expect(isReached({ ...row, goal: { of: "ratio", atLeast: 1.3 } })).toBe(true);
    expect(isReached({ ...row, goal: { of: "ours", atMost: 6 } })).toBe(true);
    const table = tableOf([{ ...row, goal: { of: "ratio", atMost: 1.2 }, note: "on one core" }]);
    expect(table.split("\n")[2]).toBe("a call    4 µs  5.21 µs  1.30x  ≤ 1.2x       NO");
    expect(table).toContain("a call: on one core");
  });
});
