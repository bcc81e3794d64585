import { describe, expect, it } from "vitest";
import { program } from "../support/children.js";
import { collected, offlineClient } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { until } from "../support/until.js";

const ROWS = 400;

/** The rows of a run, as a later process reads them, and what it had to warn about. */
async function readBack(logDir: string, runId: string) {
  const logger = recordingLogger();
  const rows = await collected(offlineClient({ logDir, logger }).local.metrics(runId));
  return { rows, warnings: logger.of("warn") };
}

/** The numbers that a child has printed, whole lines only. */
function printed(stdout: string): number[] {
  return stdout
    .slice(0, stdout.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
}

describe("two processes that log to one run", () => {
  it("lose nothing, truncate nothing, and each keep their own order", async () => {
    const logDir = temporaryFolder();
    const splits = ["train", "val"];
    const children = splits.map((split) => program("append-rows.ts", [logDir, "run-1", split, String(ROWS)]));
    for (const child of children) await until(() => child.stdout() !== "");
    const ended = await Promise.all(children.map((child) => child.ended));
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);

    const { rows, warnings } = await readBack(logDir, "run-1");
    expect(warnings).toEqual([]);
    expect(rows).toHaveLength(2 * ROWS);
    for (const split of splits) {
      const steps = rows.filter((row) => row.split === split).map(({ step }) => step);
      expect(steps).toEqual(Array.from({ length: ROWS }, (_, step) => step));
    }
  });
});

describe("kill -9", () => {
  it.each([1, 60, 500])("after %i rows loses no row whose call had resolved", async (count) => {
    const logDir = temporaryFolder();
    const child = program("append-rows.ts", [logDir, "run-1", "train", "1000000"]);
    await until(() => printed(child.stdout()).length >= count);
    child.process.kill("SIGKILL");
    const { signal, stdout } = await child.ended;
    expect(signal).toBe("SIGKILL");

    const resolved = printed(stdout);
    const { rows } = await readBack(logDir, "run-1");
    expect(resolved.length).toBeGreaterThanOrEqual(count);
    const steps = rows.map(({ step }) => step);
    expect(steps.slice(0, resolved.length)).toEqual(resolved);
    // One row may have been on its way; no more.
    expect(steps.length - resolved.length).toBeLessThanOrEqual(1);
  });

  it("leaves a folder in which the next process continues", async () => {
    const logDir = temporaryFolder();
    const first = program("append-rows.ts", [logDir, "run-1", "train", "1000000"]);
    await until(() => printed(first.stdout()).length >= 20);
    first.process.kill("SIGKILL");
    const { stdout } = await first.ended;
    const second = await program("append-rows.ts", [logDir, "run-1", "test", "50"]).ended;
    expect(second.code).toBe(0);
    const { rows } = await readBack(logDir, "run-1");
    expect(rows.filter(({ split }) => split === "test")).toHaveLength(50);
    expect(rows.filter(({ split }) => split === "train").length).toBeGreaterThanOrEqual(printed(stdout).length);
  });

  it("of a process that writes documents leaves them valid, with every patch that resolved", async () => {
    const logDir = temporaryFolder();
    const child = program("patch-run.ts", [logDir, "run-1", "1000000"]);
    await until(() => printed(child.stdout()).length >= 30);
    child.process.kill("SIGKILL");
    const resolved = printed((await child.ended).stdout);
    const logger = recordingLogger();
    const { local } = offlineClient({ logDir, logger });
    const run = local.run("run-1");
    expect(run?.count).toBeGreaterThanOrEqual(resolved.at(-1) ?? Number.POSITIVE_INFINITY);
    expect(local.runs()).toHaveLength(1);
    expect(logger.of("warn")).toEqual([]);
  });
});
