import { execFile } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { lineOf } from "../../scripts/demo/compare.js";
import { assess, type Weights } from "../../scripts/demo/softmax.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Runs `npm run demo` as its script does, with nothing in the environment but PATH. */
function runDemo(): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const options = { cwd: ROOT, env: { PATH: process.env.PATH } };
  return new Promise((resolve) => {
    execFile(process.execPath, ["--import", "tsx", "scripts/demo/demo.ts"], options, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}

/** The numbers of a line of the table, by the name that stands before them. */
function tableOf(output: string): Record<string, number[]> {
  const lines = output.matchAll(/^│ (\w+) +│ ([\d│ ]+)│$/gm);
  return Object.fromEntries(Array.from(lines, ([, kind = "", cells = ""]) => [kind, cells.split("│").map(Number)]));
}

describe("the demo", () => {
  it("ends with every row of the mirror once in the backend", async () => {
    const { code, stdout, stderr } = await runDemo();
    expect(code, stdout + stderr).toBe(0);

    const mirror = /^The mirror: +(.+)$/m.exec(stdout)?.[1] ?? "";
    expect(readdirSync(mirror)).toEqual(expect.arrayContaining(["experiments", "generations"]));
    rmSync(dirname(mirror), { recursive: true });

    const table = tableOf(stdout);
    for (const [kind, [inMirror, inBackend, missing, twice, unsent]] of Object.entries(table)) {
      expect({ kind, inBackend, missing, twice, unsent }).toEqual({
        kind,
        inBackend: inMirror,
        missing: 0,
        twice: 0,
        unsent: 0,
      });
    }
    const inMirror = Object.fromEntries(Object.entries(table).map(([kind, [rows]]) => [kind, rows]));
    expect(inMirror).toMatchObject({ experiments: 2, runs: 2, predictions: 30 });
    // The killed process may have got further than what was heard of it.
    expect(inMirror.metrics).toBeGreaterThanOrEqual(2 * (300 + 90));
    expect(inMirror.checkpoints).toBeGreaterThanOrEqual(5 + 4);
    expect(inMirror.evals).toBeGreaterThanOrEqual(5 + 4);

    // There was something to recover, and something to sync.
    expect(stdout).toMatch(/Step 200: the backend is down, \d{3} writes are pending/);
    expect(stdout).toMatch(/syncMirror: [1-9]\d* delivered, 0 pending, 0 rejected/);
    expect(stdout).toContain("0 missing, 0 twice, 0 not sent yet.");
    expect(stderr.match(/is unavailable/g), stderr).toHaveLength(2);
  });
});

describe("the comparison", () => {
  const line = (here: object[], there: object[], pending = 0, ids = new Map<string, string>()) => {
    const { missing, twice, "not sent yet": unsent } = lineOf(here, there, pending, ids);
    return { missing, twice, unsent };
  };

  it("finds rows that say the same, in any order of rows and fields", () => {
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

  it("counts a row that is missing, and one that is still to be sent", () => {
    expect(line([{ step: 1 }, { step: 2 }, { step: 3 }], [{ step: 2 }], 1)).toEqual({
      missing: 1,
      twice: 0,
      unsent: 1,
    });
  });

  it("counts a row that arrived twice, but not two rows that say the same", () => {
    expect(line([{ step: 1 }], [{ step: 1 }, { step: 1 }])).toEqual({ missing: 0, twice: 1, unsent: 0 });
    expect(line([{ step: 1 }, { step: 1 }], [{ step: 1 }, { step: 1 }])).toEqual({ missing: 0, twice: 0, unsent: 0 });
  });

  it("takes a row that arrived changed for a missing one and one too many", () => {
    expect(line([{ loss: 0.25 }], [{ loss: 0.26 }])).toEqual({ missing: 1, twice: 1, unsent: 0 });
  });

  it("takes a document that waits for a patch for one that is not sent yet, not for a second one", () => {
    const [here, there] = [[{ id: "a", status: "completed" }], [{ id: "a", status: "running" }]];
    expect(line(here, there, 1)).toEqual({ missing: 0, twice: 0, unsent: 1 });
    expect(line(here, there, 0)).toEqual({ missing: 1, twice: 0, unsent: 0 });
  });

  it("knows a row again under the backend's id, and what names it", () => {
    const ids = new Map<string, string>();
    line([{ id: "here", uri: "a" }], [{ id: "there", uri: "a" }], 0, ids);
    const evals = [{ id: "e1", checkpoint_id: "here" }];
    expect(line(evals, [{ id: "e2", checkpoint_id: "there" }], 0, ids)).toEqual({ missing: 0, twice: 0, unsent: 0 });
    expect(line(evals, [{ id: "e2", checkpoint_id: "other" }], 0, ids)).toEqual({ missing: 1, twice: 1, unsent: 0 });
  });
});

describe("the classifier", () => {
  it("has the gradient of its loss", () => {
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
