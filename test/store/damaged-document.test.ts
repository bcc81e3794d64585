import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { syncMirror } from "../../src/index.js";
import { program } from "../support/children.js";
import { API_KEY, clientOf, offlineClient, PROJECT_ID, runOnServer } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";

describe("a document that a power cut left empty", () => {
  it("delays no row, and is rebuilt with one warning", async () => {
    const { server, client, runId } = await runOnServer();
    await client.updateRun(runId, { status: "running", note: "n" });
    await client.close();
    const path = join(client.local.root, "generations", runId, "generation.json");
    const before = readFileSync(path, "utf8");
    truncateSync(path, 0);
    const logger = recordingLogger();
    const again = clientOf(server, { logDir: client.local.root, logger });
    await again.logStepMetric(runId, { step: 1, loss: 1 });
    expect(readFileSync(path, "utf8")).toBe(before);
    await again.updateRun(runId, { status: "completed" });
    expect(again.local.run(runId)).toMatchObject({ note: "n", status: "completed" });
    expect(logger.of("warn")).toEqual([expect.stringContaining("Rebuilt it from the ops log.")]);
    expect(await again.close()).toMatchObject({ delivered: 2, pending: 0 });
    expect(server.runs).toMatchObject([{ status: "completed" }]);
  });

  it("is rebuilt by a sync", async () => {
    const { server, client, runId } = await runOnServer();
    await client.close();
    const { root } = client.local;
    writeFileSync(join(root, "generations", runId, "generation.json"), '{"id": "');
    const logger = recordingLogger();
    const report = await syncMirror({
      baseUrl: server.url,
      apiKey: API_KEY,
      projectId: PROJECT_ID,
      logDirs: [root],
      logger,
    });
    expect(report.failures).toBeUndefined();
    expect(logger.of("warn")).toEqual([
      expect.stringMatching(/Rebuilt it from the ops log\. The damaged file is kept as/),
    ]);
    expect(client.local.run(runId)).toMatchObject({ id: runId });
  });
});

describe("a document with many fields", () => {
  it("is not rewritten for each of a hundred updates, and has them all when it is read or opened again", async () => {
    const logDir = join(temporaryFolder(), "mirror");
    const { code, stdout, stderr } = await program("update-large-run.ts", [logDir]).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { renames, read, id } = JSON.parse(stdout);
    expect(renames).toBeLessThan(50);
    expect(read).toBe(99);
    expect(offlineClient({ logDir }).local.run(id)).toMatchObject({ step: 100, run_config: { key_99999: 99_999 } });
  });
});

describe("a file system without fsync", () => {
  it.each([
    ["never", ""],
    ["interval", 'fsync: "interval" has no effect'],
    ["always", 'fsync: "always" has no effect'],
  ])("accepts every write with fsync %s, and is reported once", async (fsync, named) => {
    const { code, stdout } = await program("without-fsync.ts", [temporaryFolder(), fsync]).ended;
    expect(code).toBe(0);
    const { steps, warnings } = JSON.parse(stdout);
    expect(steps).toEqual([1, 2, 3]);
    expect(warnings).toEqual(named === "" ? [] : [expect.stringContaining(named)]);
  });
});
