import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MEASURES } from "../../scripts/bench/measures.js";
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
  it("runs every measure and reports the results as a table and as JSON", async () => {
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
});
