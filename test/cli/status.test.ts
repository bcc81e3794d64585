import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EntityStatus } from "../../src/cli/mirrors/entity-status.js";
import type { StatusReport } from "../../src/cli/status/status.js";
import { syncCommandLine } from "../../src/delivery/exit-notice.js";
import { syncMirror } from "../../src/index.js";
import { connection, evsysOnTerminal, hasTerminal, jsonOf, OBEYED, offlineMirror } from "../support/cli.js";
import { API_KEY, clientOf, mockServer, offlineClient, PROJECT_ID } from "../support/clients.js";
import { command } from "../support/command.js";
import { pathsBelow, temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { EXPERIMENT_ID, PYTHON_MIRRORS } from "../support/python-mirror.js";
import { deadServer } from "../support/servers.js";

/** What `status --json` says of mirrors. */
async function statusOf(...dirs: string[]): Promise<StatusReport> {
  const { code, stdout, stderr } = await command(["status", "--json", ...dirs]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  // The shape is this package's own; each test holds the values against what it wrote.
  return jsonOf(stdout) as StatusReport;
}

/** The experiments and the runs of all mirrors of a status. */
function entitiesOf({ mirrors }: StatusReport): EntityStatus[] {
  return mirrors.flatMap(({ experiments, runs }) => [...experiments, ...runs]);
}

async function sync(server: { readonly url: string }, ...logDirs: string[]): Promise<void> {
  const logger = recordingLogger();
  await syncMirror({ baseUrl: server.url, apiKey: API_KEY, projectId: PROJECT_ID, logDirs, logger });
}

/** Every path of a mirror with its size and the time it was changed. */
function traceOf(root: string): string[] {
  return pathsBelow(root).map((path) => {
    const { size, mtimeMs } = statSync(join(root, path));
    return `${path} ${size} ${mtimeMs}`;
  });
}

describe("evsys-sdk status", () => {
  it("shows delivered, pending, rejected and skipped writes, and the command to run next", async () => {
    const server = await mockServer();
    const { logDir, experimentId, runId } = await offlineMirror(10);
    const client = offlineClient({ logDir });
    await client.logStepMetric(runId, { step: 11, loss: Number.NaN });
    await client.close();
    server.failNext({ status: 422, body: { detail: "no such step" }, match: "/metrics/", times: 2 });
    await sync(server, logDir);
    const later = offlineClient({ logDir });
    await later.logStepMetric(runId, { step: 12, loss: 1 });
    await later.close();

    const status = await statusOf(logDir);
    const [experiment, run] = entitiesOf(status);
    const backend = { experiment: server.experiments[0]?.id, run: server.runs[0]?.id };
    expect(experiment).toMatchObject({
      kind: "experiment",
      id: experimentId,
      backendId: backend.experiment,
      name: "iris",
      state: null,
      experimentId: null,
      total: { delivered: 1, pending: 0, rejected: 0, skipped: 0 },
      rejected: [],
      held: [],
      owner: null,
      writers: [],
      isForeign: false,
      problem: null,
    });
    expect(run).toMatchObject({
      kind: "run",
      id: runId,
      backendId: backend.run,
      name: "base",
      state: "completed",
      experimentId,
      writes: {
        document: { delivered: 2, pending: 0, rejected: 0, skipped: 0 },
        metrics: { delivered: 8, pending: 1, rejected: 2, skipped: 1 },
        evals: { delivered: 1, pending: 0, rejected: 0, skipped: 0 },
        checkpoints: { delivered: 1, pending: 0, rejected: 0, skipped: 0 },
        predictions: { delivered: 1, pending: 0, rejected: 0, skipped: 0 },
      },
      total: { delivered: 13, pending: 1, rejected: 2, skipped: 1 },
      rejected: [
        { of: "metrics", writes: 2, status: 422, reason: "no such step", at: expect.stringMatching(/^\d{4}-/) },
      ],
    });
    const lastWrite = statSync(join(logDir, "generations", runId, "metrics.jsonl")).mtimeMs;
    expect(Date.parse(run?.lastWriteAt ?? "")).toBe(Math.floor(lastWrite));
    expect(status).toMatchObject({
      total: { delivered: 14, pending: 1, rejected: 2, skipped: 1 },
      next: syncCommandLine(logDir),
      retry: `${syncCommandLine(logDir)} --retry-rejected`,
    });

    const { code, stdout, stderr } = await command(["status", logDir]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.split("\n").map((line) => {
      return line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, "THEN").replace(/[\d.]+ s,/, "0 s,");
    });
    expect(lines).toEqual([
      `${logDir}  1 experiment, 1 run`,
      "",
      "experiment iris  last write THEN",
      `  id           ${experimentId}, in the backend ${backend.experiment}`,
      "  delivered    1 create or patch",
      "",
      "  run base  completed  last write THEN",
      `    id           ${runId}, in the backend ${backend.run}`,
      "    progress     step 12, 0 s, last row THEN",
      "    last values  loss 1",
      "    delivered    2 creates and patches, 8 metrics rows, 1 eval, 1 checkpoint, 1 prediction",
      "    pending      1 metrics row",
      "    skipped      1 metrics row",
      "    rejected     2 metrics rows: 422 no such step  THEN",
      "",
      "Total: 14 delivered, 1 pending, 2 rejected, 1 skipped.",
      `Continue with: ${syncCommandLine(logDir)}`,
      `Send rejected writes again with: ${syncCommandLine(logDir)} --retry-rejected`,
      "",
    ]);
  });

  it("names no command if everything is delivered", async () => {
    const server = await mockServer();
    const { logDir } = await offlineMirror();
    await sync(server, logDir);
    expect(await statusOf(logDir)).toMatchObject({ next: null, retry: null, total: { pending: 0, rejected: 0 } });
    const { stdout } = await command(["status", logDir]);
    expect(stdout).toMatch(/\nTotal: 9 delivered\.\n$/);
  });

  it("quotes a folder in the command, and names all mirrors", async () => {
    const one = await offlineMirror(1, join(temporaryFolder(), "my mirror"));
    const other = await offlineMirror(1);
    expect((await statusOf(one.logDir, other.logDir)).next).toBe(`npx evsys-sdk sync '${one.logDir}' ${other.logDir}`);
  });

  it("uses the mirror of EVSYS_LOG_DIR or ./evsys_sdk, whatever else is set", async () => {
    const cwd = temporaryFolder();
    const named = await offlineMirror(1);
    await offlineMirror(2, join(cwd, "evsys_sdk"));
    const variables = { EVSYS_LOG_DIR: named.logDir, EVSYS_API_URL: "nonsense", EVSYS_API_KEY: "→" };
    const [byName, byCustom] = await Promise.all([
      command(["status", "--json"], variables, { cwd }),
      command(["status", "--json"], {}, { cwd }),
    ]);
    expect(jsonOf(byName.stdout)).toMatchObject({ total: { pending: 7 } });
    expect(jsonOf(byCustom.stdout)).toMatchObject({ total: { pending: 8 } });
  });

  it("takes no lock and changes no file", async () => {
    const server = await mockServer();
    const { logDir, runId } = await offlineMirror();
    server.failNext({ status: 422, match: "/metrics/" });
    await sync(server, logDir);
    // A lock of another host, whose heartbeat is compared with our own clock.
    const lock = join(logDir, "generations", runId, "sync", "sender.lock.1");
    writeFileSync(lock, JSON.stringify({ pid: 7, startedAt: "1", bootId: "b", host: "elsewhere" }));
    const before = traceOf(logDir);
    const [run] = (await statusOf(logDir)).mirrors[0]?.runs ?? [];
    expect(run?.owner).toEqual({ pid: 7, host: "elsewhere" });
    expect(traceOf(logDir)).toEqual(before);
  });

  it("reads only rows that are not acknowledged", async () => {
    const server = await mockServer();
    const { logDir, runId } = await offlineMirror(100);
    await sync(server, logDir);
    const path = join(logDir, "generations", runId, "metrics.jsonl");
    const { length } = readFileSync(path);
    const client = offlineClient({ logDir });
    for (let step = 0; step < 5; step += 1) await client.logStepMetric(runId, { step, loss: 1 });
    await client.close();
    // Whoever read the part that is delivered would find one endless line.
    const content = readFileSync(path);
    writeFileSync(path, Buffer.concat([Buffer.alloc(length, "x"), content.subarray(length)]));
    const [run] = (await statusOf(logDir)).mirrors[0]?.runs ?? [];
    expect(run?.writes.metrics).toEqual({ delivered: 100, pending: 5, rejected: 0, skipped: 0 });
  });

  it("names the live processes that write and send", async () => {
    const unavailable = await deadServer();
    const [writer, sender] = [offlineClient(), clientOf(unavailable, { maxRetries: 0 })];
    await writer.logStepMetric("run-w", { step: 1, loss: 1 });
    await sender.logStepMetric("run-s", { step: 1, loss: 1 });
    const entities = entitiesOf(await statusOf(writer.local.root, sender.local.root));
    const us = { pid: process.pid, host: expect.any(String) };
    expect(entities).toMatchObject([
      { id: "run-w", backendId: "run-w", name: null, owner: null, writers: [us] },
      { id: "run-s", owner: us, writers: [us] },
    ]);
    const { stdout } = await command(["status", sender.local.root]);
    expect(stdout).toMatch(new RegExp(`^Process ${process.pid} on .+ sends for run run-s\\.$`, "m"));
    // An id that is also the backend's is printed only with the run and with the process.
    expect(stdout.match(/run-s/g)).toHaveLength(2);
  });

  it("names a live process once, however many locks it has", async () => {
    const client = clientOf(await mockServer());
    const { id } = await client.createExperiment({ experiment_name: "iris" });
    const run = await client.createRun({ experiment_id: id, run_config: { name: "base" } });
    await client.logStepMetric(run.id, { step: 1, loss: 1 });
    const writer = offlineClient({ logDir: client.local.root });
    await writer.logStepMetric("other", { step: 1, loss: 1 });
    const { stdout } = await command(["status", client.local.root]);
    const lines = stdout.split("\n").filter((line) => line.includes(String(process.pid)));
    expect(lines).toEqual([
      expect.stringMatching(/^Process \d+ on .+ sends for experiment iris, run base, and writes to run other\.$/),
    ]);
  });

  it("suggests what to do about a run that the backend does not know", async () => {
    const server = await mockServer();
    const client = offlineClient();
    await client.logStepMetric("nobody-knows", { step: 1, loss: 1 });
    await client.close();
    const synced = await command(["sync", client.local.root], connection(server));
    const status = await command(["status", client.local.root]);
    expect(synced.code).toBe(3);
    expect(synced.stdout).toContain("run nobody-knows: the backend does not know this run: 404 ");
    for (const { stdout } of [synced, status]) {
      expect(stdout).toContain("EVSYS_PROJECT_ID are those with which they were created");
      expect(stdout).toContain(
        "deleted in the backend, their writes cannot be sent: move their folders out of the mirror.\n",
      );
      expect(stdout).toContain(`Once this is fixed: ${syncCommandLine(client.local.root)}\n`);
      // One would send the reader on to the other, for ever.
      expect(stdout).not.toMatch(/See why with|Continue with/);
    }
  });

  it("shows why writes are still pending", async () => {
    const server = await mockServer();
    const rejected = await offlineMirror();
    server.failNext({ status: 400, body: { detail: "the name is taken" }, match: "/experiments/" });
    await sync(server, rejected.logDir);
    const reason = `the experiment ${rejected.experimentId} was rejected: 400 the name is taken`;
    expect(entitiesOf(await statusOf(rejected.logDir))).toMatchObject([
      { kind: "experiment", held: [], rejected: [{ of: "document", status: 400, reason: "the name is taken" }] },
      { kind: "run", held: [reason], total: { pending: 8 } },
    ]);
    const { stdout } = await command(["status", rejected.logDir]);
    expect(stdout).toContain(`    parked       ${reason}\n`);

    const unknown = offlineClient();
    await unknown.logStepMetric("nobody-knows", { step: 1, loss: 1 });
    await unknown.close();
    await sync(server, unknown.local.root);
    expect(entitiesOf(await statusOf(unknown.local.root))).toMatchObject([
      {
        held: ["the backend does not know this run: 404 Run nobody-knows not found."],
        total: { pending: 1, rejected: 0 },
      },
    ]);

    const evaluated = await offlineMirror();
    server.failNext({ status: 422, body: { detail: "no such bucket" }, match: "/checkpoints/" });
    await sync(server, evaluated.logDir);
    const [, run] = entitiesOf(await statusOf(evaluated.logDir));
    expect(run).toMatchObject({
      held: [expect.stringMatching(/^the checkpoint \S{36} was rejected: 422 no such bucket$/)],
      writes: { evals: { pending: 1 }, checkpoints: { rejected: 1 } },
    });

    const renamed = await offlineMirror();
    server.failNext({ status: 400, body: { detail: "no" }, match: /^\/sdk\/runs\/$/ });
    await sync(server, renamed.logDir);
    expect(entitiesOf(await statusOf(renamed.logDir))).toMatchObject([
      { held: [] },
      { held: ["its create was rejected: 400 no"] },
    ]);
  });

  it("finds the cause of pending writes in another mirror", async () => {
    const server = await mockServer();
    const [one, other] = [offlineClient(), offlineClient()];
    const { id } = await one.createExperiment({ experiment_name: "campaign" });
    await other.createRun({ experiment_id: id });
    await Promise.all([one.close(), other.close()]);
    server.failNext({ status: 400, body: { detail: "no" } });
    await sync(server, one.local.root, other.local.root);
    const both = await statusOf(one.local.root, other.local.root);
    expect(both.mirrors[1]?.runs).toMatchObject([
      { held: [`the experiment ${id} was rejected: 400 no`], experimentId: id },
    ]);
    const { stdout } = await command(["status", one.local.root, other.local.root]);
    expect(stdout).toContain(`\n${other.local.root}  0 experiments, 1 run\n`);
  });

  it.each(PYTHON_MIRRORS)("lists a mirror written $name as foreign", async ({ copyTo }) => {
    const folder = temporaryFolder();
    copyTo(folder);
    const status = await statusOf(folder);
    expect(status).toMatchObject({ next: null, total: { delivered: 0, pending: 0 } });
    expect(status.mirrors).toMatchObject([{ experiments: [], runs: [] }]);
    expect(status.mirrors[0]?.foreign).toHaveLength(6);
    expect(status.mirrors[0]?.foreign).toContainEqual(
      expect.objectContaining({
        id: EXPERIMENT_ID,
        isForeign: true,
        name: "single",
        state: "completed",
        backendId: null,
      }),
    );
    const { stdout } = await command(["status", folder]);
    expect(stdout).toContain("Written by another client; send with --adopt:\n");
    expect(stdout).toContain("  experiment single  ");
    expect(stdout).toContain("(never sent: groups.jsonl)\n");
  });

  it("reports foreign rows in a run of this client", async () => {
    const { logDir, runId } = await offlineMirror(2);
    const stream = join(logDir, "generations", runId, "metrics.jsonl");
    // As if another client's writer had the file before ours: our place has another number.
    writeFileSync(join(logDir, "generations", runId, "metrics.7.jsonl"), readFileSync(stream));
    const [, run] = entitiesOf(await statusOf(logDir));
    expect(run).toMatchObject({ hasForeignRows: true, writes: { metrics: { pending: 2 } } });
    const { stdout } = await command(["status", logDir]);
    expect(stdout).toContain("    not sent     foreign rows; send them with --adopt");
  });

  it("reports what cannot be read, and shows the rest", async () => {
    const { logDir, experimentId, runId } = await offlineMirror();
    writeFileSync(join(logDir, "experiments", experimentId, "experiment.json"), "{");
    mkdirSync(join(logDir, "generations", runId, "sync", "acks.log"));
    mkdirSync(join(logDir, "generations", "empty"));
    writeFileSync(join(logDir, "generations", ".DS_Store"), "");
    const status = await statusOf(logDir);
    expect(entitiesOf(status)).toMatchObject([
      { id: experimentId, problem: expect.stringContaining("experiment.json"), total: { pending: 1 } },
      { id: runId, problem: expect.stringContaining("acks.log"), total: { pending: 0 } },
    ]);
    expect(status.mirrors[0]).toMatchObject({ foreign: [], empty: [{ id: "empty" }] });
    const { code, stdout } = await command(["status", logDir]);
    expect(code).toBe(0);
    expect(stdout.match(/ {2}unreadable {3}\S/g)).toHaveLength(2);
  });

  it("escapes control characters in every name", async () => {
    const server = await mockServer();
    const client = offlineClient();
    const evil = "\u001b[31mred\u001b]8;;http://evil\u0007 \u009b2J \u202e\n";
    const { id } = await client.createExperiment({ experiment_name: evil });
    await client.createRun({ experiment_id: id, run_config: { name: evil } });
    await client.close();
    server.failNext({ status: 422, body: { detail: evil } });
    await sync(server, client.local.root);
    const [{ stdout: text }, { stdout: json }] = await Promise.all([
      command(["status", client.local.root]),
      command(["status", client.local.root, "--json"]),
    ]);
    expect(text).not.toMatch(OBEYED);
    expect(text).not.toContain("\u202e");
    expect(text).toContain("experiment \\u001b[31mred\\u001b]8;;http://evil\\u0007 \\u009b2J \\u202e\\u000a");
    expect(json).not.toMatch(OBEYED);
    expect(entitiesOf(jsonOf(json) as StatusReport).map(({ name }) => name)).toEqual([evil, evil]);
  });

  it.skipIf(!hasTerminal)("uses colour only on a terminal", async () => {
    const { logDir } = await offlineMirror(1);
    const [coloured, asked, dumb, piped] = await Promise.all([
      evsysOnTerminal(["status", logDir]).ended,
      evsysOnTerminal(["status", logDir], { NO_COLOR: "1" }).ended,
      evsysOnTerminal(["status", logDir], { TERM: "dumb" }).ended,
      command(["status", logDir], connection({ url: "http://127.0.0.1:9" })),
    ]);
    expect(coloured.stdout).toContain("Total: \u001b[33m7 pending\u001b[39m.");
    for (const { stdout } of [asked, dumb, piped]) {
      expect(stdout).toContain("Total: 7 pending.");
      expect(stdout).not.toContain("\u001b");
    }
  });
});
