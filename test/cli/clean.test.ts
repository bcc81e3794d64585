import {
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { removeEntity } from "../../src/cli/clean/removal.js";
import { RemovalPlan } from "../../src/cli/clean/removal-plan.js";
import { type DashboardClient, MirrorError, syncMirror } from "../../src/index.js";
import type { MockServer } from "../../src/testing/index.js";
import { evsysOnTerminal, hasTerminal, jsonOf, OBEYED, writeRows } from "../support/cli.js";
import { API_KEY, clientOf, collected, mockServer, offlineClient, PROJECT_ID } from "../support/clients.js";
import { command } from "../support/command.js";
import { pathsBelow, temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { GROUPS, PYTHON_MIRRORS } from "../support/python-mirror.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const LONG_AGO = 8;

/** Runs something a number of days ago, as far as clocks and files of mirrors tell. */
async function daysAgo<Result>(days: number, root: string, work: () => Promise<Result>): Promise<Result> {
  const then = Date.now() - days * DAY_MS;
  vi.useFakeTimers({ toFake: ["Date"], now: then });
  try {
    return await work();
  } finally {
    vi.useRealTimers();
    const isNew = (path: string): boolean => statSync(path).mtimeMs > Date.now() - DAY_MS;
    for (const path of pathsBelow(root).map((name) => join(root, name))) {
      if (isNew(path)) utimesSync(path, then / 1000, then / 1000);
    }
  }
}

/** An old experiment with an old run, written offline. */
async function oldMirror(days = LONG_AGO, logDir = join(temporaryFolder(), "mirror")) {
  return daysAgo(days, logDir, async () => {
    const client = offlineClient({ logDir });
    const { id: experimentId } = await client.createExperiment({ experiment_name: "iris" });
    const { id: runId } = await client.createRun({ experiment_id: experimentId, run_config: { name: "base" } });
    await writeRows(client, runId, 3);
    await client.close();
    const experiment = join(logDir, "experiments", experimentId);
    return { logDir, experimentId, runId, experiment, run: join(logDir, "generations", runId) };
  });
}

async function sync(server: MockServer, logDirs: readonly string[], more: { adopt?: boolean } = {}): Promise<void> {
  const logger = recordingLogger();
  await syncMirror({ baseUrl: server.url, apiKey: API_KEY, projectId: PROJECT_ID, logDirs, logger, ...more });
}

/** What `clean --yes --json` says: the folders that are removed, and those that stay with the reason. */
async function cleaned(...args: string[]): Promise<{ removed: string[]; kept: Record<string, string> }> {
  const { code, stdout, stderr } = await command(["clean", "--yes", "--json", ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { removed, kept } = jsonOf(stdout) as {
    removed: { path: string }[];
    kept: { path: string; reason: string }[];
  };
  return {
    removed: removed.map(({ path }) => path),
    kept: Object.fromEntries(kept.map(({ path, reason }) => [path, reason])),
  };
}

describe("evsys-sdk clean", () => {
  it("lists old, fully delivered folders, then removes them", async () => {
    const server = await mockServer();
    const old = await oldMirror();
    const fresh = await oldMirror(6, old.logDir);
    await sync(server, [old.logDir]);
    const { code, stdout, stderr } = await command(["clean", "--yes", old.logDir]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.split("\n");
    expect(lines[0]).toBe("Completely delivered and last written more than 7 days ago:");
    expect(lines[1]).toMatch(/^ {2}run base {2}last write \d{4}-\d\d-\d\d [\d:]{8} UTC {2}7 writes, \d\.\d kB {2}\//);
    expect(lines[1]).toContain(`  ${old.run}`);
    expect(lines[2]).toMatch(/^ {2}experiment iris {2}last write .+ {2}1 write, /);
    expect(lines[3]).toBe("Kept 2 folders: written recently.");
    expect(lines[4]).toMatch(/^Removed 2 folders \(\d\.\d kB\)\.$/);
    expect([old.run, old.experiment, fresh.run, fresh.experiment].map((path) => existsSync(path))).toEqual([
      false,
      false,
      true,
      true,
    ]);
    // Nothing of ours is left lying about.
    expect(readdirSync(old.logDir).sort()).toEqual(["experiments", "generations"]);
    expect(stdout).not.toMatch(OBEYED);
  });

  it("prints one object with --json, and takes --days", async () => {
    const server = await mockServer();
    const { logDir, run, experiment, runId, experimentId } = await oldMirror(3);
    await sync(server, [logDir]);
    expect(await cleaned(logDir)).toEqual({
      removed: [],
      kept: { [run]: "written recently", [experiment]: "written recently" },
    });
    expect(await cleaned(logDir, "--days", "3.5")).toMatchObject({ removed: [] });
    const { stdout } = await command(["clean", "--yes", "--json", "--days", "2", logDir]);
    expect(jsonOf(stdout)).toEqual({
      removed: [
        {
          root: logDir,
          kind: "run",
          id: runId,
          path: run,
          name: "base",
          lastWriteAt: expect.stringMatching(/^\d{4}-.*Z$/),
          writes: 7,
          notSent: 0,
          bytes: expect.any(Number),
        },
        expect.objectContaining({ kind: "experiment", id: experimentId, name: "iris", writes: 1 }),
      ],
      kept: [],
    });
    expect(await cleaned(logDir)).toEqual({ removed: [], kept: {} });
    expect(await command(["clean", logDir])).toMatchObject({ code: 0, stdout: "Nothing to remove.\n" });
  });

  it("exits without removing anything if it cannot ask for confirmation", async () => {
    const server = await mockServer();
    const { logDir, run } = await oldMirror();
    await sync(server, [logDir]);
    const { code, stdout, stderr } = await command(["clean", logDir]);
    expect(code).toBe(2);
    expect(stdout).toContain("run base");
    expect(stderr).toBe("evsys-sdk: There is no terminal to confirm on; use --yes to remove these 2 folders.\n");
    expect(existsSync(run)).toBe(true);
  });

  it.skipIf(!hasTerminal).each([
    ["y\n", true],
    ["YES\n", true],
    ["n\n", false],
    ["\n", false],
    ["yesterday\n", false],
    ["\u0003", false],
    ["\u0004", false],
  ])("asks for confirmation on a terminal and understands %j", async (answer, isRemoved) => {
    const server = await mockServer();
    const { logDir, run } = await oldMirror();
    await sync(server, [logDir]);
    const child = evsysOnTerminal(["clean", logDir]);
    child.process.stdout.on("data", (text: string) => {
      if (text.includes("[y/N]")) child.process.stdin.write(answer);
    });
    const { code, stdout } = await child.ended;
    expect(stdout).toContain("Permanently remove these 2 folders? [y/N]");
    expect(stdout).toContain(isRemoved ? "Removed 2 folders" : "Removed 0 folders");
    expect(code).toBe(0);
    expect(existsSync(run)).toBe(!isRemoved);
  });

  it("never removes pending or rejected writes, or entities unknown to the backend", async () => {
    const server = await mockServer();
    const [rejectedRow, rejectedExperiment, parked, pending] = await Promise.all(
      [null, null, null, null].map(() => temporaryFolder()),
    );
    const mirrors = [await oldMirror(9, rejectedRow), await oldMirror(9, rejectedExperiment)];
    server.failNext({ status: 422, match: "/metrics/" });
    await sync(server, [String(rejectedRow)]);
    server.failNext({ status: 400, match: "/experiments/" });
    await sync(server, [String(rejectedExperiment)]);
    const unknown = offlineClient({ logDir: String(parked) });
    await daysAgo(9, String(parked), async () => {
      await unknown.updateExperiment("nobody-knows", { status: "running" });
      await unknown.close();
    });
    await sync(server, [String(parked)]);
    mirrors.push(await oldMirror(9, pending));
    const all = [rejectedRow, rejectedExperiment, parked, pending].map(String);
    const before = all.flatMap(pathsBelow);
    const { removed, kept } = await cleaned(...all);
    expect(removed).toEqual([]);
    expect(mirrors.map(({ run, experiment }) => [kept[run], kept[experiment]])).toEqual([
      ["rejected writes", "its runs are kept"],
      ["pending writes", "rejected writes"],
      ["pending writes", "pending writes"],
    ]);
    expect(kept[join(String(parked), "experiments", "nobody-knows")]).toBe("pending writes");
    expect(all.flatMap(pathsBelow)).toEqual(before);
  });

  it("never removes what a live process has open", async () => {
    const server = await mockServer();
    const old = await oldMirror();
    await sync(server, [old.logDir]);
    const writing = offlineClient({ logDir: old.logDir });
    await writing.logStepMetric(old.runId, { step: 9, loss: 1 });
    const sending = clientOf(server, { logDir: old.logDir });
    await sending.updateExperiment(old.experimentId, { status: "running" });
    const { removed, kept } = await cleaned(old.logDir, "--days", "0");
    expect(removed).toEqual([]);
    expect(kept).toEqual({ [old.run]: "in use", [old.experiment]: "in use" });
    expect(await collected(sending.local.metrics(old.runId))).toHaveLength(4);
  });

  it.each(PYTHON_MIRRORS)(
    "never removes a mirror written $name, nor groups.jsonl after it was adopted",
    async ({ copyTo }) => {
      const server = await mockServer();
      const folder = temporaryFolder();
      copyTo(folder);
      const all = pathsBelow(folder);
      const { removed, kept } = await cleaned(folder, "--days", "0");
      expect(removed).toEqual([]);
      expect(new Set(Object.values(kept))).toEqual(new Set(["written by another client"]));
      expect(pathsBelow(folder)).toEqual(all);

      await sync(server, [folder], { adopt: true });
      const after = await cleaned(folder, "--days", "0");
      expect(after.removed).toHaveLength(5);
      expect(Object.values(after.kept)).toEqual(["other files"]);
      expect(existsSync(join(folder, GROUPS))).toBe(true);
    },
  );

  it("keeps a folder that contains a file of another program", async () => {
    const server = await mockServer();
    const { logDir, run, runId } = await oldMirror();
    await sync(server, [logDir]);
    const spoiled: [string, () => void, string][] = [
      ["weights.bin", () => writeFileSync(join(run, "weights.bin"), "w"), "other files"],
      ["plots", () => mkdirSync(join(run, "plots")), "other files"],
      ["sync/notes.txt", () => writeFileSync(join(run, "sync", "notes.txt"), "w"), "other files"],
      ["metrics.7.jsonl", () => writeFileSync(join(run, "metrics.7.jsonl"), "{}\n"), "foreign rows"],
    ];
    for (const [name, spoil, reason] of spoiled) {
      spoil();
      expect((await cleaned(logDir, "--days", "0")).kept[run]).toBe(reason);
      rmSync(join(run, name), { recursive: true });
    }
    expect((await cleaned(logDir, "--days", "0")).removed).toHaveLength(2);
    expect(existsSync(join(logDir, "generations", runId))).toBe(false);
  });

  it("keeps an experiment while any mirror has a run of it", async () => {
    const server = await mockServer();
    const [one, other] = [await oldMirror(), await oldMirror()];
    await sync(server, [one.logDir, other.logDir]);
    const late = offlineClient({ logDir: other.logDir });
    const run = await late.createRun({ experiment_id: one.experimentId });
    await late.close();
    const { removed, kept } = await cleaned(one.logDir, other.logDir);
    expect(new Set(removed)).toEqual(new Set([one.run, other.run, other.experiment]));
    expect(kept).toEqual({
      [one.experiment]: "its runs are kept",
      [join(other.logDir, "generations", run.id)]: "pending writes",
    });
    // With its experiment still there, the late run finds its parent.
    await sync(server, [one.logDir, other.logDir]);
    expect(server.runs.at(-1)?.experiment_id).toBe(server.experiments[0]?.id);
  });

  it("keeps a run whose checkpoint is referenced by a pending eval of another run", async () => {
    const server = await mockServer();
    const { logDir, experimentId, run, experiment } = await oldMirror();
    await sync(server, [logDir]);
    const client = offlineClient({ logDir });
    const [checkpoint] = await collected(client.local.checkpoints(String(run.split("/").at(-1))));
    const { id } = await client.createRun({ experiment_id: experimentId });
    await client.createEval(id, { metrics: { accuracy: 1 }, checkpoint_id: checkpoint?.id });
    await client.close();
    const { removed, kept } = await cleaned(logDir);
    expect(removed).toEqual([]);
    expect(kept).toMatchObject({ [run]: "undelivered writes refer to it", [experiment]: "its runs are kept" });
    await sync(server, [logDir]);
    expect(server.evals.at(-1)?.checkpoint_id).toBe(server.checkpoints[0]?.id);
  });

  it("keeps every experiment if a run cannot be read", async () => {
    const server = await mockServer();
    const { logDir, experiment } = await oldMirror();
    await sync(server, [logDir]);
    const broken = join(logDir, "generations", "broken");
    mkdirSync(broken);
    writeFileSync(join(broken, "generation.json"), "{");
    expect(await cleaned(logDir)).toMatchObject({
      removed: [expect.stringContaining("generations")],
      kept: { [experiment]: "its runs are kept", [broken]: "unreadable" },
    });
  });

  it("finishes a removal that was interrupted", async () => {
    const { logDir } = await oldMirror();
    mkdirSync(join(logDir, ".evsys-removed-1", "sync"), { recursive: true });
    mkdirSync(join(logDir, ".evsys-clean-1"));
    expect((await cleaned(logDir)).removed).toEqual([]);
    // What was not yet found to be unused is left for a human to look at.
    expect(readdirSync(logDir).filter((name) => name.startsWith("."))).toEqual([".evsys-clean-1"]);
  });

  it("does not follow a symbolic link to runs elsewhere, and reports it", async () => {
    const server = await mockServer();
    const { logDir } = await oldMirror();
    await sync(server, [logDir]);
    const elsewhere = join(realpathSync(temporaryFolder()), "runs");
    renameSync(join(logDir, "generations"), elsewhere);
    symlinkSync(elsewhere, join(logDir, "generations"));
    mkdirSync(join(elsewhere, "..", ".evsys-removed-1"));
    const before = pathsBelow(join(elsewhere, ".."));
    const { code, stderr } = await command(["clean", "--yes", "--json", logDir]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(join(logDir, "generations")) });
    expect(pathsBelow(join(elsewhere, ".."))).toEqual(before);
  });
});

describe("removing a folder", () => {
  async function choice(): Promise<{
    chooser: RemovalPlan;
    client: () => DashboardClient;
    run: string;
    runId: string;
  }> {
    const server = await mockServer();
    const { logDir, run, runId } = await oldMirror();
    await sync(server, [logDir]);
    return { chooser: new RemovalPlan([logDir], Date.now()), client: () => offlineClient({ logDir }), run, runId };
  }

  it("stops if the folder was written to after it was selected", async () => {
    const { chooser, client, run, runId } = await choice();
    const [chosen] = chooser.removable;
    if (chosen === undefined) throw new Error("Nothing was chosen.");
    const writer = client();
    await writer.logStepMetric(runId, { step: 9, loss: 1 });
    expect(removeEntity(chosen, () => chooser.reasonToKeep(chosen))).toBe("in use");
    await writer.close();
    expect(removeEntity(chosen, () => chooser.reasonToKeep(chosen))).toBe("pending writes");
    expect(await collected(client().local.metrics(runId))).toHaveLength(4);
    expect(readdirSync(join(run, "sync")).filter((name) => name.includes(".lock."))).toEqual([]);
  });

  it("is undone if another process opens the folder at the last moment", async () => {
    const { chooser, client, runId } = await choice();
    const [chosen] = chooser.removable;
    if (chosen === undefined) throw new Error("Nothing was chosen.");
    const writer = client();
    let written: Promise<unknown> = Promise.resolve();
    const reason = removeEntity(chosen, () => {
      // All places that are known are locked; it takes a new one.
      written = writer.logStepMetric(runId, { step: 9, loss: 1 });
      return undefined;
    });
    expect(reason).toBe("in use");
    await written;
    await writer.logStepMetric(runId, { step: 10, loss: 1 });
    expect((await collected(writer.local.metrics(runId))).map(({ step }) => step)).toEqual([0, 1, 2, 9, 10]);
  });

  it("reports what cannot be read", async () => {
    const { chooser, run } = await choice();
    const [chosen] = chooser.removable;
    if (chosen === undefined) throw new Error("Nothing was chosen.");
    rmSync(join(run, "sync", "acks.log"));
    mkdirSync(join(run, "sync", "acks.log"));
    expect(() => removeEntity(chosen, () => undefined)).toThrow(MirrorError);
    expect(existsSync(run)).toBe(true);
  });

  it("does not touch a folder that another process has created anew", async () => {
    const { chooser, client, run, runId } = await choice();
    const [chosen] = chooser.removable;
    if (chosen === undefined) throw new Error("Nothing was chosen.");
    expect(removeEntity(chosen, () => undefined)).toBeUndefined();
    expect(existsSync(run)).toBe(false);
    expect(removeEntity(chosen, () => undefined)).toBe("it no longer exists");
    await client().logStepMetric(runId, { step: 1, loss: 1 });
    expect(await collected(client().local.metrics(runId))).toHaveLength(1);
  });
});
