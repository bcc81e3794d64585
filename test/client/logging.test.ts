import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DashboardClient, type Logger, type LogLevel } from "../../src/index.js";
import { program } from "../support/children.js";
import { clientOf, collected, offlineClient, runOnServer } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { deadServer } from "../support/servers.js";

const aboutLoss = (text: string): string[] => text.split("\n").filter((line) => /\bloss\b/.test(line));

describe("without a logger", () => {
  it("prints warnings to stderr, one per line, and nothing to stdout", async () => {
    const { code, stdout, stderr } = await program("log-nan.ts", [temporaryFolder()]).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(aboutLoss(stderr)).toHaveLength(1);
    expect(stderr).toMatch(/^\[evsys-sdk\] .*loss/m);
  });

  it("prints nothing at a level above WARNING", async () => {
    const child = program("log-nan.ts", [temporaryFolder()], { EVSYS_LOGGING_LEVEL: "error" });
    const { code, stdout, stderr } = await child.ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(aboutLoss(stderr)).toEqual([]);
  });
});

describe("a logger", () => {
  it("may be the console or a similar object, and is called with its `this`", async () => {
    class Own implements Logger {
      readonly #lines: string[] = [];
      debug(message: string): void {
        this.#lines.push(message);
      }
      info = this.debug;
      warn = this.debug;
      error = this.debug;
      get lines(): readonly string[] {
        return this.#lines;
      }
    }
    const logger = new Own();
    await offlineClient({ logger }).logStepMetric("r", { step: 1, loss: Number.NaN });
    expect(logger.lines).toHaveLength(1);
    expect(logger.lines[0]).toMatch(/loss/);
    expect(new DashboardClient({ offline: true, logger: console }).offline).toBe(true);
  });

  const levels: readonly (readonly [LogLevel, boolean])[] = [
    ["DEBUG", true],
    ["INFO", true],
    ["WARNING", true],
    ["ERROR", false],
    ["CRITICAL", false],
  ];

  it.each(levels)("at %s receives a warning: %s", async (logLevel, isTold) => {
    const logger = recordingLogger();
    await offlineClient({ logger, logLevel }).logStepMetric("r", { step: 1, loss: Number.NaN });
    expect(logger.of("warn")).toHaveLength(isTold ? 1 : 0);
    const below: Readonly<Record<string, readonly (keyof Logger)[]>> = {
      INFO: ["debug"],
      WARNING: ["debug", "info"],
      ERROR: ["debug", "info", "warn"],
      CRITICAL: ["debug", "info", "warn", "error"],
    };
    for (const method of below[logLevel] ?? []) expect(logger.of(method)).toEqual([]);
  });
});

describe("the number of log lines", () => {
  it("is zero if there is no problem", async () => {
    const logger = recordingLogger();
    const { client, runId } = await runOnServer({ logger });
    for (let step = 0; step < 20; step += 1) await client.logStepMetric(runId, { step, loss: 1 });
    await client.close();
    expect(logger.lines).toEqual([]);
  });

  it("is one for an unavailable backend, however many rows there are", async () => {
    const logger = recordingLogger();
    const client = clientOf(await deadServer(), { logger, maxRetries: 0 });
    await client.logStepMetric("r", { step: 0, loss: 1 });
    const lines = logger.lines.length;
    expect(lines).toBe(1);
    expect(logger.of("warn")[0]).toContain(client.local.root);
    for (let step = 1; step < 200; step += 1) await client.logStepMetric("r", { step, loss: 1 });
    await client.createEval("r", { metrics: { a: 1 } });
    await client.updateRun("r", { gpu: "H100" });
    expect(logger.lines).toHaveLength(lines);
  });

  it("is one for an unavailable backend if many rows fail at once", async () => {
    const logger = recordingLogger();
    const client = clientOf(await deadServer(), { logger, maxRetries: 0 });
    await Promise.all(Array.from({ length: 100 }, (_, step) => client.logStepMetric(`r${step}`, { step, loss: 1 })));
    expect(logger.of("warn")).toHaveLength(1);
  });

  it("is one for a non-finite series, over all runs", async () => {
    const logger = recordingLogger();
    const client = offlineClient({ logger });
    for (let step = 0; step < 100; step += 1) await client.logStepMetric("r", { step, loss: Number.NaN });
    expect(logger.of("warn")).toHaveLength(1);
  });

  it("is one for an invalid line", async () => {
    const logger = recordingLogger();
    const client = offlineClient({ logger });
    await client.logStepMetric("r", { step: 1, loss: 1 });
    const path = join(client.local.root, "generations", "r", "metrics.jsonl");
    appendFileSync(path, "torn\n");
    expect(await collected(client.local.metrics("r"))).toHaveLength(1);
    expect(logger.of("warn")).toHaveLength(1);
    expect(logger.lines.every(({ message }) => !message.includes("\n"))).toBe(true);
  });
});
