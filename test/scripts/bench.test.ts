import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readArguments } from "../../scripts/bench/arguments.js";
import { MEASURES } from "../../scripts/bench/measures.js";
import { isReached } from "../../scripts/bench/row.js";
import { tableOf } from "../../scripts/bench/table.js";
import { cleanEnvironment } from "../support/children.js";
import { REPOSITORY, temporaryFolder } from "../support/folders.js";

interface Report {
  readonly machine: { readonly node: string; readonly cores: number; readonly date: string };
  readonly rows: readonly {
    readonly name: string;
    readonly measure: string;
    readonly floor?: number;
    readonly ours: number;
    readonly ratio?: number;
  }[];
}

function runBench(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const line = ["run", "--silent", "bench", "--", ...args];
    execFile("npm", line, { cwd: REPOSITORY, env: cleanEnvironment() }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.message}\n${stdout}\n${stderr}`));
    });
  });
}

describe("the bench", () => {
  it("takes every measure and tells what it has found, as a table and as JSON", async () => {
    const out = join(temporaryFolder(), "bench.json");
    const table = await runBench("--scale", "0.001", "--out", out);
    const { machine, rows }: Report = JSON.parse(readFileSync(out, "utf8"));
    expect(machine).toMatchObject({ node: process.version, cores: expect.any(Number), date: expect.any(String) });
    expect(new Set(rows.map(({ name }) => name))).toEqual(new Set(Object.keys(MEASURES)));
    for (const row of rows) {
      expect(row.ours, row.measure).toBeTypeOf("number");
      if (row.floor !== undefined) expect(row.floor, row.measure).toBeGreaterThan(0);
      if (row.ratio !== undefined) expect(row.ratio, row.measure).toBeGreaterThan(0);
      expect(table).toContain(row.measure);
    }
  });

  it("takes one measure alone, and names them all where there is none of a name", () => {
    expect(readArguments(["--only", "sync", "--quick"])).toEqual({ names: ["sync"], scale: 0.2, out: "bench.json" });
    expect(readArguments([]).names).toEqual(Object.keys(MEASURES));
    expect(() => readArguments(["--only", "nothing"])).toThrow(/--only nothing: expected one of offline, /);
    expect(() => readArguments(["--scale", "none"])).toThrow("--scale none: expected a number above 0.");
  });

  it("says of each goal whether it is reached", () => {
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
