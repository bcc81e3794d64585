import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { program } from "../support/children.js";
import { clientOf, mockServer } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";

const ROWS = 50;

async function syncs(mode: string): Promise<unknown> {
  const { code, stdout, stderr } = await program("count-syncs.ts", [temporaryFolder(), mode, String(ROWS)]).ended;
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

describe("fsync", () => {
  it('"never" leaves writing to disk to the operating system', async () => {
    expect(await syncs("never")).toEqual({ during: 0, later: 0 });
  });

  it('"always" syncs each row before its call resolves', async () => {
    expect(await syncs("always")).toEqual({ during: ROWS, later: ROWS });
  });

  it("an interval syncs the rows of that time at once", async () => {
    const { later } = Object(await syncs("interval"));
    expect(later).toBeGreaterThanOrEqual(1);
    expect(later).toBeLessThan(ROWS);
  });
});

describe('new folders with fsync "always"', () => {
  it("are synced with their parent folders before anything is sent", async () => {
    const [folder, server] = [temporaryFolder(), await mockServer()];
    const logDir = join(folder, "a", "b");
    const client = clientOf(server, { logDir, fsync: "always" });
    const { synced, restore } = recordSyncedFolders();
    onTestFinished(restore);
    await client.createExperiment({ experiment_name: "x" });
    expect(synced()).toEqual(expect.arrayContaining([folder, join(folder, "a"), logDir, join(logDir, "experiments")]));
  });
});

/** Records which folders are synced to disk, which nothing shows from outside. */
function recordSyncedFolders() {
  const { fsyncSync, openSync } = fs;
  const paths = new Map<number, string>();
  const synced: string[] = [];
  fs.openSync = (path, ...rest) => {
    const descriptor = openSync(path, ...rest);
    paths.set(descriptor, String(path));
    return descriptor;
  };
  fs.fsyncSync = (descriptor) => {
    synced.push(paths.get(descriptor) ?? "");
    fsyncSync(descriptor);
  };
  syncBuiltinESMExports();
  return {
    synced: () => synced,
    restore() {
      Object.assign(fs, { fsyncSync, openSync });
      syncBuiltinESMExports();
    },
  };
}
