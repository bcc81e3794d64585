import { execFile } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

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
  it("ends with every row of the mirror in the backend exactly once", async () => {
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
