import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { DashboardClient, EvsysValidationError, LocalExperimentStore, syncMirror } from "../../src/index.js";
import { failureOf, offlineClient } from "../support/clients.js";
import { command } from "../support/command.js";
import { temporaryFolder } from "../support/folders.js";

const INVALID = ["https://host/runs", "s3://bucket/runs", "file://host/%00", "runs\0"];

/** The folder that each way of naming one comes to. */
const ways: readonly (readonly [string, (folder: string) => string])[] = [
  ["logDir", (logDir) => new DashboardClient({ offline: true, logDir }).local.root],
  [
    "EVSYS_LOG_DIR",
    (folder) => {
      vi.stubEnv("EVSYS_LOG_DIR", folder);
      onTestFinished(() => void vi.unstubAllEnvs());
      return new DashboardClient({ offline: true }).local.root;
    },
  ],
  ["root", (folder) => new LocalExperimentStore(folder).root],
];

describe.each(ways)("a log directory passed as %s", (name, rootOf) => {
  it.each([
    ["~", homedir()],
    ["~/runs", join(homedir(), "runs")],
    ["~runs", join(process.cwd(), "~runs")],
    ["runs/~", join(process.cwd(), "runs/~")],
    ["file:///data/my%20runs", "/data/my runs"],
  ])("%s is %s", (given, path) => {
    expect(rootOf(given)).toBe(path);
  });

  it.each(INVALID.filter((each) => name !== "EVSYS_LOG_DIR" || !each.includes("\0")))(
    "%j is rejected",
    async (given) => {
      const error = await failureOf(() => rootOf(given));
      expect(error).toBeInstanceOf(EvsysValidationError);
      expect(error).toMatchObject({ issues: [{ field: name }] });
    },
  );
});

describe("the log directories of a sync", () => {
  it("may be file URLs, in a call and on the command line", async () => {
    const client = offlineClient({ logDir: join(temporaryFolder(), "my mirror") });
    await client.createExperiment({ experiment_name: "x" });
    await client.close();
    const { href } = pathToFileURL(client.local.root);
    expect(await syncMirror({ logDirs: [href], dryRun: true })).toMatchObject({ pending: 1 });
    const { code, stdout } = await command(["sync", "--dry-run", "--json", href]);
    expect({ code, pending: JSON.parse(stdout).pending }).toEqual({ code: 3, pending: 1 });
  });

  it("are rejected if invalid, in a call and on the command line", async () => {
    const error = await failureOf(() => syncMirror({ logDirs: ["https://host/runs"], dryRun: true }));
    expect(error).toMatchObject({ name: "EvsysValidationError", issues: [{ field: "logDirs[0]" }] });
    const { code, stderr } = await command(["sync", "https://host/runs"]);
    expect(code).toBe(2);
    expect(stderr).toContain('expected the path of a folder or a file:// URL, got "https://host/runs"');
  });
});
