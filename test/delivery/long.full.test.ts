import { readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { SyncReport } from "../../src/index.js";
import { temporaryFolder } from "../support/folders.js";
import { until } from "../support/until.js";
import { backend, clientFor, runOf, sync } from "./support/backend.js";
import { differences, NONE } from "./support/compare.js";
import { countingServer } from "./support/counting-server.js";
import { startProgram } from "./support/program.js";
import { IS_LONG } from "./support/random.js";
import { remoteClient } from "./support/remote-client.js";

const MEBIBYTE = 1024 * 1024;

describe.runIf(IS_LONG)("a mirror of 1,000,000 rows", () => {
  it("is synced with less than 200 MB of resident memory, every row once", { timeout: 1_800_000 }, async () => {
    const logDir = temporaryFolder();
    const [metrics, predictions] = [300_000, 700_000];
    const filled = await startProgram("fill-mirror.ts", { logDir, metrics, predictions }).ended;
    expect(filled).toMatchObject({ code: 0, stdout: "filled\n" });
    const server = await countingServer(metrics, predictions);
    const { code, stdout, stderr } = await startProgram("measured-sync.ts", { baseUrl: server.url, logDirs: [logDir] })
      .ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { report, most } = JSON.parse(stdout) as { report: SyncReport; most: number };
    expect(report).toMatchObject({ delivered: 1_000_002, pending: 0, rejected: 0 });
    expect(server.metrics.every((count) => count === 1)).toBe(true);
    expect(server.predictions.every((count) => count === 1)).toBe(true);
    expect(most / MEBIBYTE).toBeLessThan(200);
  });
});

describe.runIf(IS_LONG)("a process that logs 1,000,000 steps, with the backend down and then up", () => {
  it("uses no more memory at the end than at the start", { timeout: 1_800_000 }, async () => {
    const server = await countingServer(1_000_000, 0);
    server.isDown = true;
    const options = { baseUrl: server.url, logDir: temporaryFolder() };
    const program = startProgram<{ at: string; heapBytes: number; peakRssBytes: number }>("million-steps.ts", options);
    await until(() => program.lines().length === 2, { limitMs: 600_000 });
    server.isDown = false;
    expect(await program.ended).toMatchObject({ code: 0, stderr: "" });
    const [down, up, delivered] = program.lines();
    expect(delivered).toMatchObject({ at: "delivered", pending: 0, rejected: 0 });
    expect(server.metrics.every((count) => count >= 1)).toBe(true);
    const grownBytes = [up, delivered].map((later) => (later?.heapBytes ?? 0) - (down?.heapBytes ?? 0));
    expect(Math.max(...grownBytes)).toBeLessThan(8 * MEBIBYTE);
    expect((delivered?.peakRssBytes ?? 0) / MEBIBYTE).toBeLessThan(250);
  });
});

describe.runIf(IS_LONG)("a client that writes to more runs than it keeps open", () => {
  it("closes runs that are delivered, and none with pending writes", { timeout: 300_000 }, async () => {
    const [logDir, first] = [temporaryFolder(), await backend({ honourIdempotencyKeys: false })];
    const client = clientFor(first, logDir, { maxRetries: 0 });
    const { experimentId } = await runOf(client);
    const runs: string[] = [];
    for (let seed = 100; seed < 400; seed += 1) {
      const { id } = await client.createRun({ experiment_id: experimentId, seed });
      await client.logStepMetric(id, { step: 1, loss: 1 });
      runs.push(id);
    }
    await first.stop();
    for (const id of runs) await client.logStepMetric(id, { step: 2, loss: 1 });
    const second = await backend({ port: first.port, state: first.state, honourIdempotencyKeys: false });
    expect(await client.flush({ timeoutMs: 60_000 })).toMatchObject({ pending: 0, rejected: 0 });
    for (const id of runs) await client.updateRun(id, { status: "completed" });
    expect(await client.close()).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, second)).toEqual(NONE);
    // One process, one file, however often the folder was opened.
    for (const id of runs) expect(readdirSync(join(logDir, "generations", id))).not.toContain("metrics.2.jsonl");
  });
});

describe.runIf(IS_LONG)("a process that was suspended for a long time", () => {
  it("and counted as dead does not send in parallel with the one that took over", { timeout: 120_000 }, async () => {
    const [logDir, server] = [temporaryFolder(), await backend({ honourIdempotencyKeys: false })];
    const child = await remoteClient({ baseUrl: server.url, logDir });
    const experiment = await child.call("createExperiment", { experiment_name: "experiment" });
    const run = await child.call("createRun", { experiment_id: experiment.id, seed: 1 });
    await child.call("logStepMetric", run.id, { step: 1, loss: 1 });
    child.process.kill("SIGSTOP");
    // As another host sees it, which cannot look at the process: its locks have not been renewed for an hour.
    const longAgo = Date.now() / 1000 - 3_600;
    const locks = readdirSync(logDir, { recursive: true, encoding: "utf8" }).filter((path) => path.includes(".lock"));
    for (const path of locks.map((name) => join(logDir, name))) {
      writeFileSync(path, readFileSync(path, "utf8").replace(hostname(), "another-host"));
      utimesSync(path, longAgo, longAgo);
    }
    const client = clientFor(server, logDir);
    for (let step = 2; step < 10; step += 1) await client.logStepMetric(run.id, { step, loss: 1 });
    // Half the time after which a lock is stale: a process suspended for longer has to check its lock.
    const stoodUntil = performance.now() + 16_000;
    await until(() => performance.now() > stoodUntil, { limitMs: 20_000 });
    child.process.kill("SIGCONT");
    for (let step = 10; step < 20; step += 1) await child.call("logStepMetric", run.id, { step, loss: 1 });
    for (let step = 20; step < 30; step += 1) await client.logStepMetric(run.id, { step, loss: 1 });
    await until(() => server.metrics.length >= 29);
    await child.call("close", { timeoutMs: 50 });
    await client.close();
    expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0 });
    expect(await differences(logDir, server)).toEqual(NONE);
  });
});
