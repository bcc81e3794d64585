import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runProgram } from "./program.js";

/** A mirror of many runs: one that a client has written, and copies of it under other ids. */
export async function mirrorOfRuns(logDir: string, runs: number, rowsPerRun: number): Promise<void> {
  const runId = await runProgram<string>("fill-mirror", { logDir, rows: rowsPerRun });
  const folder = join(logDir, "generations");
  const files = readdirSync(join(folder, runId), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => ({ path, text: readFileSync(path, "utf8") }));
  for (let run = 1; run < runs; run += 1) {
    const id = randomUUID();
    for (const { path, text } of files) {
      const copy = path.replace(runId, id);
      mkdirSync(dirname(copy), { recursive: true });
      writeFileSync(copy, text.replaceAll(runId, id));
    }
  }
}
