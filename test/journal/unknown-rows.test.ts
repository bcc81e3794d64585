import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { StatusReport } from "../../src/cli/status/status.js";
import { type SyncOptions, type SyncReport, syncMirror } from "../../src/index.js";
import type { MockServer } from "../../src/testing/index.js";
import { connection, jsonOf, offlineMirror } from "../support/cli.js";
import { API_KEY, clientOf, mockServer, offlineClient, PROJECT_ID } from "../support/clients.js";
import { command } from "../support/command.js";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";

const TORN = '{"step": 2, "spl';
const WHOLE = '{"step": 1, "split": "train", "metrics": {"loss": 0.5}}\n';

async function sync(
  server: MockServer,
  logDir: string,
  options: SyncOptions = {},
): Promise<SyncReport & { readonly warnings: string[] }> {
  const logger = recordingLogger();
  const report = await syncMirror({
    baseUrl: server.url,
    apiKey: API_KEY,
    projectId: PROJECT_ID,
    logDirs: [logDir],
    logger,
    ...options,
  });
  return { ...report, warnings: logger.of("warn") };
}

async function statusOf(
  logDir: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: StatusReport; readonly text: string }> {
  const [json, text] = await Promise.all([
    command(["status", "--json", logDir], variables),
    command(["status", logDir], variables),
  ]);
  expect([json.code, json.stderr, text.code, text.stderr]).toEqual([0, "", 0, ""]);
  return { status: jsonOf(json.stdout) as StatusReport, text: text.stdout };
}

/** A run as another client leaves it that was killed in the middle of a line. */
function tornMirror(): { readonly logDir: string; readonly metrics: string } {
  const logDir = temporaryFolder();
  const files = {
    "experiments/e-1/experiment.json": '{"id": "e-1", "experiment_name": "x", "_created_at": 1, "_updated_at": 1}',
    "generations/r-1/generation.json": '{"id": "r-1", "experiment_id": "e-1", "_created_at": 1, "_updated_at": 1}',
    "generations/r-1/metrics.jsonl": WHOLE + TORN,
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(logDir, name, ".."), { recursive: true });
    writeFileSync(join(logDir, name), text);
  }
  return { logDir, metrics: join(logDir, "generations/r-1/metrics.jsonl") };
}

describe("the incomplete last line of an adopted file", () => {
  it("is reported by every sync with its file and line, and status does not suggest --adopt for it", async () => {
    const [server, { logDir, metrics }] = [await mockServer(), tornMirror()];
    const named = expect.stringContaining(`${metrics}: the torn last line is not sent, at byte ${WHOLE.length}: `);
    for (const [adopt, delivered] of [
      [true, 3],
      [true, 0],
      [false, 0],
    ] as const) {
      const { warnings, ...report } = await sync(server, logDir, { adopt });
      expect({ adopt, warnings, ...report }).toMatchObject({ adopt, warnings: [named], delivered, pending: 0 });
    }
    const { status, text } = await statusOf(logDir);
    expect(status.mirrors[0]?.runs).toMatchObject([
      { hasForeignRows: false, tornLines: [{ file: "metrics.jsonl", byte: WHOLE.length }], total: { skipped: 0 } },
    ]);
    expect(text).not.toContain("--adopt");
    expect(text).toContain(`not sent     metrics.jsonl ends in a torn line at byte ${WHOLE.length}: `);
  });

  it("is an ordinary row once its writer has completed it", async () => {
    const [server, { logDir, metrics }] = [await mockServer(), tornMirror()];
    await sync(server, logDir, { adopt: true });
    writeFileSync(metrics, `${readFileSync(metrics, "utf8")}it": "train", "metrics": {"loss": 0.25}}\n`);
    expect(await sync(server, logDir)).toMatchObject({ delivered: 0, skipped: 1 });
    expect(await sync(server, logDir, { adopt: true })).toMatchObject({ delivered: 1, skipped: 0, warnings: [] });
    expect(server.metrics.map(({ step }) => step)).toEqual([1, 2]);
  });
});

describe("a run whose ops log is lost", () => {
  it.each([
    ["empty", (path: string) => truncateSync(path, 0)],
    ["gone", (path: string) => rmSync(path)],
  ])("because it is %s is counted with its rows, reported, and sent with --adopt", async (_, lose) => {
    const [server, { logDir, runId }] = [await mockServer(), await offlineMirror(4)];
    const run = join(logDir, "generations", runId);
    lose(join(run, "sync", "ops.jsonl"));
    for (const dryRun of [true, false]) {
      const report = await sync(server, logDir, { dryRun });
      expect(report.byKind).toMatchObject({
        runs: { skipped: 1, delivered: 0, pending: 0 },
        metrics: { skipped: 4, delivered: 0, pending: 0 },
        predictions: { skipped: 1 },
      });
      expect(report.warnings).toEqual([
        expect.stringMatching(
          new RegExp(`1 experiments or runs have lost their ops log.+\\(generations/${runId}\\).+with --adopt\\.$`),
        ),
      ]);
    }
    expect(server.runs).toEqual([]);

    const { status } = await statusOf(logDir);
    expect(status.mirrors[0]?.runs).toMatchObject([
      {
        id: runId,
        problem: expect.stringMatching(/ops\.jsonl is missing or empty.+--adopt$/),
        hasForeignRows: false,
        writes: { document: { skipped: 1 }, metrics: { skipped: 4 } },
      },
    ]);

    const { warnings, ...adopted } = await sync(server, logDir, { adopt: true });
    expect(adopted).toMatchObject({ pending: 0, rejected: 0, skipped: 0 });
    expect({ warnings, runs: server.runs, rows: server.metrics.length }).toMatchObject({
      warnings: [],
      runs: [{ status: "completed" }],
      rows: 4,
    });
    expect(await sync(server, logDir)).toMatchObject({ delivered: 0, skipped: 0, warnings: [] });
  });

  it("for one of two writers is counted and reported by its file, and sent with --adopt", async () => {
    const server = await mockServer();
    const one = offlineClient();
    const experiment = await one.createExperiment({ experiment_name: "x" });
    const { id } = await one.createRun({ experiment_id: experiment.id });
    // Another connection: it shares no files with the first.
    const second = offlineClient({ logDir: one.local.root, baseUrl: "http://localhost:2" });
    for (const step of [1, 2]) await second.logStepMetric(id, { step, loss: 1 });
    await Promise.all([one.close(), second.close()]);
    const { root } = one.local;
    rmSync(join(root, "generations", id, "sync", "ops.2.jsonl"));
    const report = await sync(server, root);
    expect(report).toMatchObject({ delivered: 2, skipped: 2 });
    expect(report.warnings).toEqual([expect.stringContaining(`generations/${id}/metrics.2.jsonl`)]);
    expect(await sync(server, root, { adopt: true })).toMatchObject({ delivered: 2, skipped: 0, warnings: [] });
    expect(server.metrics.map(({ step }) => step)).toEqual([1, 2]);
  });

  it("keeps the backend's id from the acknowledgements: a later row is sent to it", async () => {
    const [server, { logDir, runId }] = [await mockServer(), await offlineMirror(1)];
    await sync(server, logDir);
    rmSync(join(logDir, "generations", runId, "sync", "ops.jsonl"));
    const client = clientOf(server, { logDir });
    await client.logStepMetric(runId, { step: 9, loss: 1 });
    expect(server.metrics.filter(({ step }) => step === 9)).toMatchObject([{ run_id: server.runs[0]?.id }]);
  });
});

describe("rows of another client among our own", () => {
  it("are counted and reported by each sync until they are adopted", async () => {
    const [server, { logDir, runId }] = [await mockServer(), await offlineMirror(2)];
    const foreign = join(logDir, "generations", runId, "metrics.7.jsonl");
    writeFileSync(foreign, WHOLE);
    const report = await sync(server, logDir);
    expect(report).toMatchObject({ pending: 0, skipped: 1 });
    expect(report.warnings).toEqual([expect.stringContaining(`generations/${runId}/metrics.7.jsonl`)]);
    const { status } = await statusOf(logDir);
    expect(status.total.skipped).toBe(1);
    expect(await sync(server, logDir, { adopt: true })).toMatchObject({ delivered: 1, skipped: 0 });
  });
});

describe("a mirror of another project", () => {
  it("is sent to its own project, which sync, --dry-run and status report in one line", async () => {
    const [server, { logDir }] = [await mockServer(), await offlineMirror(1)];
    const note = `${logDir}: some experiments belong to project ${PROJECT_ID} and are sent there, not to project new.`;
    const variables = { ...connection(server), EVSYS_PROJECT_ID: "new" };
    const [{ status, text }, dry] = await Promise.all([
      statusOf(logDir, { EVSYS_PROJECT_ID: "new" }),
      command(["sync", "--dry-run", logDir], variables),
    ]);
    expect(status.mirrors[0]?.note).toBe(note);
    expect(text).toContain(`${note}\n`);
    expect(dry.stdout + dry.stderr).toContain(note);
    expect((await sync(server, logDir, { projectId: "new" })).warnings).toEqual([`[evsys-sdk] ${note}`]);
    expect(server.experiments).toMatchObject([{ project_id: PROJECT_ID }]);
    expect((await sync(server, logDir)).warnings).toEqual([]);
    expect((await statusOf(logDir, { EVSYS_PROJECT_ID: PROJECT_ID })).status.mirrors[0]?.note).toBeNull();
  });
});

describe("a folder without any writes", () => {
  it("is listed as empty, and not as foreign", async () => {
    const [server, logDir] = [await mockServer(), temporaryFolder()];
    const [bare, begun] = [join(logDir, "generations", "bare"), join(logDir, "generations", "begun")];
    mkdirSync(bare, { recursive: true });
    mkdirSync(join(begun, "sync"), { recursive: true });
    expect(await sync(server, logDir)).toMatchObject({ skipped: 0, pending: 0, warnings: [] });
    const { status, text } = await statusOf(logDir);
    expect(status.mirrors).toMatchObject([{ runs: [], foreign: [], empty: [{ id: "bare" }, { id: "begun" }] }]);
    expect(text).toContain(`Empty folders, left by failed creates; they can be deleted:\n  ${bare}\n  ${begun}\n`);
    expect(text).not.toContain("another client");
  });

  it("is not listed as empty while a process uses it", async () => {
    const client = offlineClient();
    const experiment = await client.createExperiment({ experiment_name: "x" });
    const folder = join(client.local.root, "experiments", experiment.id);
    rmSync(join(folder, "experiment.json"));
    truncateSync(join(folder, "sync", "ops.jsonl"), 0);
    const { status } = await statusOf(client.local.root);
    expect(status.mirrors).toMatchObject([{ experiments: [{ id: experiment.id }], empty: [] }]);
  });
});
