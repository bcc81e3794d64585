import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Fsync } from "../../src/config.js";
import { syncFolder, syncToDisk, syncToDiskSoon } from "../../src/store/fsync.js";
import { program } from "../support/children.js";
import { temporaryFolder } from "../support/folders.js";

/** A file that accepts every write but does not support fsync. */
const REFUSING = "/dev/null";

function policyOf(fsync: Fsync, root = temporaryFolder()) {
  const warnings: string[] = [];
  return { policy: { fsync, root, warn: (message: string) => void warnings.push(message) }, warnings };
}

function rejecting(): number {
  const descriptor = openSync(REFUSING, "r+");
  onTestFinished(() => closeSync(descriptor));
  return descriptor;
}

describe.runIf(existsSync(REFUSING))("a file system that rejects fsync", () => {
  it.each(["always", "interval"] as const)("is reported once for each mirror, with fsync %s", (fsync) => {
    const [one, other] = [policyOf(fsync), policyOf(fsync)];
    for (const { policy } of [one, one, other]) syncToDisk(rejecting(), REFUSING, policy);
    for (const { policy, warnings } of [one, other]) {
      expect(warnings).toEqual([
        expect.stringContaining(
          `the file system does not support fsync (EINVAL), so fsync: "${fsync}" has no effect in ${policy.root}`,
        ),
      ]);
    }
  });

  it("is reported even if no call waits for the fsync", async () => {
    const failures: Error[] = [];
    const named = new Promise<string>((warn) => {
      const policy = { fsync: "interval", root: temporaryFolder(), warn } as const;
      syncToDiskSoon(rejecting(), REFUSING, policy, (error) => failures.push(error));
    });
    expect(await named).toContain("EINVAL");
    expect(failures).toEqual([]);
  });

  it('is not asked for fsync with the option "never"', () => {
    const { policy, warnings } = policyOf("never");
    // There is no such descriptor, so a call of fsync would throw.
    syncToDisk(-1, REFUSING, policy);
    syncToDiskSoon(-1, REFUSING, policy, () => {});
    syncFolder("/does/not/exist", policy);
    expect(warnings).toEqual([]);
  });
});

it('a folder is synced only with fsync "always"', () => {
  const [always, interval] = [policyOf("always"), policyOf("interval")];
  const missing = join(temporaryFolder(), "missing");
  syncFolder(temporaryFolder(), always.policy);
  syncFolder(missing, interval.policy);
  if (process.platform !== "win32") expect(() => syncFolder(missing, always.policy)).toThrow(/missing.*ENOENT/);
  expect([...always.warnings, ...interval.warnings]).toEqual([]);
});

it("a failing disk is not treated as one without fsync", () => {
  const { policy } = policyOf("always");
  const descriptor = openSync(join(temporaryFolder(), "file"), "w");
  closeSync(descriptor);
  expect(() => syncToDisk(descriptor, "the file", policy)).toThrow(/Cannot write the file to disk \(the file\): EBADF/);
});

it("a document is written without fsync unless the option requires it", async () => {
  for (const [fsync, calls] of [
    ["never", 0],
    ["interval", 1],
    ["always", 4],
  ] as const) {
    // Always: the document, its folder, and the two above that have got a new one.
    const path = join(temporaryFolder(), "generations", "r", "generation.json");
    const { code, stdout, stderr } = await program("count-document-syncs.ts", [path, fsync]).ended;
    expect({ code, stderr, fsync, calls: Number(stdout) }).toEqual({ code: 0, stderr: "", fsync, calls });
  }
});

it("a rename that fails briefly is retried, and one that keeps failing throws", async () => {
  for (const [times, outcome] of [
    [2, "renamed"],
    [99, "MirrorError"],
  ] as const) {
    const path = join(temporaryFolder(), "generation.json");
    const { code, stdout, stderr } = await program("refuse-renames.ts", [path, String(times)]).ended;
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: "", stdout: outcome });
  }
});
