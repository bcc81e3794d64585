import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Notices } from "../../src/cli/terminal/notices.js";
import { Output } from "../../src/cli/terminal/output.js";
import { syncCommandLine } from "../../src/delivery/exit-notice.js";
import type { SyncReport } from "../../src/index.js";
import { connection, evsys, evsysOnTerminal, hasTerminal, jsonOf, OBEYED, offlineMirror } from "../support/cli.js";
import { API_KEY, clientOf, mockServer, offlineClient } from "../support/clients.js";
import { command } from "../support/command.js";
import { pathsBelow, temporaryFolder } from "../support/folders.js";
import { GROUPS, PYTHON_MIRRORS } from "../support/python-mirror.js";
import { always, deadServer, rawServer } from "../support/servers.js";

/** All that a mirror holds, byte by byte. */
function contentsOf(root: string): Record<string, string> {
  const files = pathsBelow(root).filter((path) => /\.\w+$/.test(path));
  return Object.fromEntries(files.map((path) => [path, readFileSync(join(root, path), "latin1")]));
}

describe("the notices of a sync", () => {
  it("are printed once each, up to a limit", () => {
    let text = "";
    const notices = new Notices(
      new Output({
        write(piece) {
          text += piece;
        },
      }),
    );
    for (let at = 0; at < 30; at += 1) {
      notices.warn(`warning ${at}`);
      notices.error("refused");
    }
    notices.info();
    notices.end();
    const lines = text.trimEnd().split("\n");
    expect(lines.slice(0, 3)).toEqual(["warning 0", "refused", "warning 1"]);
    expect(lines).toHaveLength(20 + 1);
    expect(lines.at(-1)).toBe("[evsys-sdk] … and 11 more; evsys-sdk status lists them.");
  });
});

describe("evsys-sdk sync", () => {
  it("delivers a mirror, each write once, and reports the result", async () => {
    const server = await mockServer();
    const { logDir, writes } = await offlineMirror(20);
    const first = await command(["sync", logDir], connection(server));
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(
      new RegExp(
        `^Delivered ${writes} \\(1 experiment, 1 run, 1 checkpoint, 1 eval, 20 rows of metrics, 1 prediction, 1 patch\\) in \\d+\\.\\d s\\.\\n$`,
      ),
    );
    expect(server.metrics.map(({ step }) => step).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => i),
    );
    expect(server.evals[0]?.checkpoint_id).toBe(server.checkpoints[0]?.id);
    expect(server.runs).toMatchObject([{ status: "completed", experiment_id: server.experiments[0]?.id }]);

    const requests = server.requests.length;
    expect(await command(["sync", logDir], connection(server))).toMatchObject({
      code: 0,
      stdout: "Nothing to deliver.\n",
      stderr: "",
    });
    expect(server.requests).toHaveLength(requests);
  });

  it("prints one object with --json", async () => {
    const server = await mockServer();
    const { logDir, writes } = await offlineMirror();
    const { code, stdout, stderr } = await command(["sync", "--json", logDir], connection(server));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(jsonOf(stdout)).toMatchObject({
      delivered: writes,
      pending: 0,
      rejected: 0,
      skipped: 0,
      byKind: { metrics: { delivered: 3 }, patches: { delivered: 1 } },
      durationMs: expect.any(Number),
    } satisfies Record<keyof Omit<SyncReport, "blocked" | "blockedStatus" | "retryAfterMs" | "failures">, unknown>);
  });

  it("takes the mirror from EVSYS_LOG_DIR, else ./evsys_sdk", async () => {
    const server = await mockServer();
    const cwd = temporaryFolder();
    const [named, usual] = [await offlineMirror(1), await offlineMirror(1, join(cwd, "evsys_sdk"))];
    const variables = { ...connection(server), EVSYS_LOG_DIR: named.logDir };
    expect(await evsys(["sync"], variables, { cwd }).ended).toMatchObject({ code: 0 });
    expect(server.runs).toHaveLength(1);
    expect(await evsys(["sync"], connection(server), { cwd }).ended).toMatchObject({ code: 0 });
    expect(server.runs).toHaveLength(2);
    const { logDir } = usual;
    expect(await command(["status", logDir, "--json"])).toMatchObject({
      stdout: expect.stringContaining('"next":null'),
    });
  });

  it("counts a mirror once if it is named twice", async () => {
    const { logDir, writes } = await offlineMirror();
    const { stdout } = await command(["sync", "--dry-run", "--json", logDir, `${logDir}/.`]);
    expect(jsonOf(stdout)).toMatchObject({ pending: writes });
  });

  it("sends nothing, needs no key and exits with 3 with --dry-run", async () => {
    const server = await mockServer();
    const { logDir, writes } = await offlineMirror();
    const before = contentsOf(logDir);
    const { code, stdout, stderr } = await command(["sync", "--dry-run", logDir], { EVSYS_API_URL: server.url });
    expect({ code, stderr }).toEqual({ code: 3, stderr: "" });
    expect(stdout).toMatch(new RegExp(`^To send ${writes} \\(1 experiment, .*\\)\\.\\n {2}Send with: `));
    expect(stdout).toContain(syncCommandLine(logDir));
    expect(server.requests).toEqual([]);
    expect(contentsOf(logDir)).toEqual(before);
  });

  it("names a rejected write once, exits with 1, and sends it again with --retry-rejected", async () => {
    const server = await mockServer();
    const { logDir, writes } = await offlineMirror(10);
    server.failNext({ status: 422, body: { detail: "no such series" }, match: "/metrics/", times: 4 });
    const { code, stdout, stderr } = await command(["sync", logDir], connection(server));
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`^Delivered ${writes - 4} `));
    expect(stdout).toContain("Rejected 4 (4 rows of metrics).");
    expect(stdout).toContain(`${syncCommandLine(logDir)} --retry-rejected\n`);
    expect(stdout).toContain(`npx evsys-sdk status ${logDir}\n`);
    expect(stderr.match(/no such series/g)).toHaveLength(1);

    expect(await command(["sync", logDir], connection(server))).toMatchObject({ code: 1, stderr: "" });
    expect(server.metrics).toHaveLength(6);
    expect(await command(["sync", logDir, "--retry-rejected"], connection(server))).toMatchObject({ code: 0 });
    expect(new Set(server.metrics.map(({ step }) => step)).size).toBe(10);
    expect(server.metrics).toHaveLength(10);
  });

  it("sends no children of a rejected experiment, exits with 3, and sends the experiment again the next time", async () => {
    const server = await mockServer();
    const { logDir, writes } = await offlineMirror();
    server.failNext({ status: 400, body: { detail: "the name is taken" }, match: "/experiments/" });
    const { code, stdout, stderr } = await command(["sync", logDir], connection(server));
    expect(code).toBe(3);
    expect(stderr).toContain("the name is taken");
    expect(stdout).toContain(`Pending ${writes - 1} `);
    expect(stdout).toContain("run base: the experiment ");
    expect(stdout).toContain(" was rejected: 400 the name is taken\n");
    expect(stdout).toContain(`Once this is fixed: ${syncCommandLine(logDir)}\n`);
    expect(await command(["sync", logDir], connection(server))).toMatchObject({ code: 0 });
  });

  it.each([401, 403])("exits with 4 if the key is rejected with %i, and continues with a valid key", async (status) => {
    const server = await mockServer();
    const { logDir, writes } = await offlineMirror();
    server.failNext({ status, body: { detail: `not with ${API_KEY}` } });
    const { code, stdout, stderr } = await command(["sync", logDir, "--concurrency", "1"], connection(server));
    expect(code).toBe(4);
    expect(stdout).toContain(`Pending ${writes} `);
    expect(stdout).toContain(`→ ${status} `);
    expect(stdout).toContain(
      `Set EVSYS_API_KEY to a key with write access to the project, then: ${syncCommandLine(logDir)}\n`,
    );
    expect(stdout + stderr).not.toContain(API_KEY);
    expect(await command(["sync", logDir], connection(server))).toMatchObject({ code: 0 });
  });

  it("reports a torn line and does not send it", async () => {
    const server = await mockServer();
    const { logDir, runId, writes } = await offlineMirror();
    const metrics = join(realpathSync(logDir), "generations", runId, "metrics.jsonl");
    const rows = readFileSync(metrics, "utf8").split("\n");
    rows[1] = rows[1]?.slice(0, 20) ?? "";
    writeFileSync(metrics, rows.join("\n"));
    const { code, stdout, stderr } = await command(["sync", logDir], connection(server));
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Delivered ${writes - 1} [^]*Skipped 1 \\(1 row of metrics\\)\\.\n$`));
    const at = Buffer.byteLength(`${rows[0]}\n`);
    expect(stderr).toBe(
      `[evsys-sdk] ${metrics}: a line that is not a complete JSON object is not sent, at byte ${at}: ${JSON.stringify(rows[1])}\n`,
    );
  });

  it("exits with 3 if the backend is unreachable, and names it", async () => {
    const { logDir, writes } = await offlineMirror();
    const server = await deadServer();
    const { code, stdout, stderr } = await command(["sync", logDir], connection(server));
    expect({ code, stderr }).toEqual({ code: 3, stderr: "" });
    expect(stdout).toContain(`Pending ${writes} `);
    expect(stdout).toContain(`  The backend at ${server.url} is unavailable: connect ECONNREFUSED`);
    expect(stdout).toContain(`  Continue with: ${syncCommandLine(logDir)}\n`);
  });

  it("exits with 3 for a redirect, and names its target", async () => {
    const { logDir } = await offlineMirror();
    const server = await rawServer(always(302, "", { location: "https://elsewhere.example/login" }));
    const { code, stdout } = await command(["sync", logDir], connection(server));
    expect(code).toBe(3);
    expect(stdout).toContain("https://elsewhere.example/login");
    expect(stdout).not.toContain("EVSYS_API_KEY");
  });

  it.each([
    [{ EVSYS_API_KEY: "" }, "Set EVSYS_API_KEY. Only sync --dry-run works without"],
    [{ EVSYS_API_KEY: "", EVSYS_PROJECT_ID: "" }, "Set EVSYS_API_KEY and EVSYS_PROJECT_ID. "],
    [{ EVSYS_API_KEY: "geheim→" }, "expected printable ASCII without spaces"],
    [{ EVSYS_API_URL: "nowhere" }, "EVSYS_API_URL: expected an http or https URL"],
  ])("exits with 2 for %j", async (variables, message) => {
    const { logDir } = await offlineMirror(1);
    const environment = { ...connection({ url: "http://127.0.0.1:9" }), ...variables };
    const { code, stdout, stderr } = await command(["sync", logDir], environment);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.split("\n")).toEqual([expect.stringContaining(message), ""]);
    expect(stderr).not.toContain("geheim");
  });

  it("exits with 2 if a sync log cannot be read, and sends the rest", async () => {
    const server = await mockServer();
    const { logDir, runId } = await offlineMirror(1);
    mkdirSync(join(logDir, "generations", runId, "sync", "acks.log"));
    const { code, stderr } = await command(["sync", logDir], connection(server));
    expect(code).toBe(2);
    expect(stderr).toContain("acks.log");
    expect(server.experiments).toHaveLength(1);
    expect(server.runs).toEqual([]);
  });

  it("does not exit with 0 if a stream cannot be read", async () => {
    const server = await mockServer();
    const { logDir, runId } = await offlineMirror(1);
    const stream = join(logDir, "generations", runId, "metrics.jsonl");
    rmSync(stream);
    mkdirSync(stream);
    const { code, stdout, stderr } = await command(["sync", logDir, "--json"], connection(server));
    expect([2, 3]).toContain(code);
    expect(stderr).toContain(stream);
    expect(jsonOf(stdout)).toMatchObject({ failures: expect.any(Number) });
  });

  it("skips runs that a live process sends, and names the process", async () => {
    const [unavailable, server] = [await deadServer(), await mockServer()];
    const client = clientOf(unavailable, { maxRetries: 0 });
    await client.logStepMetric("run-1", { step: 1, loss: 1 });
    await client.logStepMetric("run-2", { step: 1, loss: 1 });
    const { code, stdout, stderr } = await command(["sync", client.local.root], connection(server));
    expect({ code, stderr }).toEqual({ code: 3, stderr: "" });
    expect(stdout.match(new RegExp(`Process ${process.pid} on `, "g"))).toHaveLength(1);
    expect(stdout).toContain(syncCommandLine(client.local.root));
    expect(server.requests).toEqual([]);
  });

  it("names the live process once if there is another obstacle too", async () => {
    const unavailable = await deadServer();
    const client = clientOf(unavailable, { maxRetries: 0 });
    await client.logStepMetric("run-1", { step: 1, loss: 1 });
    await client.logStepMetric("run-2", { step: 1, loss: 1 });
    const offline = await offlineMirror(1);
    const { stdout, stderr } = await command(["sync", client.local.root, offline.logDir], connection(unavailable));
    expect(stdout).toContain(" is unavailable: ");
    expect(stderr).toMatch(
      new RegExp(`^\\[evsys-sdk\\] Skipped 2 folders: process ${process.pid} on .+ is sending them\\.\\n$`),
    );
  });

  it("sends what a live offline process has written so far", async () => {
    const server = await mockServer();
    const client = offlineClient();
    const { id } = await client.createExperiment({ experiment_name: "live" });
    await client.updateExperiment(id, { status: "running" });
    expect(await command(["sync", client.local.root], connection(server))).toMatchObject({ code: 0 });
    expect(server.experiments).toMatchObject([{ experiment_name: "live", status: "running" }]);
  });

  it("finds parents in other mirrors", async () => {
    const server = await mockServer();
    const [one, other] = [offlineClient(), offlineClient()];
    const { id } = await one.createExperiment({ experiment_name: "campaign" });
    const run = await other.createRun({ experiment_id: id });
    await other.logStepMetric(run.id, { step: 1, loss: 1 });
    await one.updateExperiment(id, { best_generation_id: run.id });
    await Promise.all([one.close(), other.close()]);
    const [first, second] = [one.local.root, other.local.root];

    // Alone, the second mirror names an experiment that no backend knows.
    const alone = await command(["sync", second], connection(server));
    expect(alone.code).toBe(3);
    expect(alone.stderr).toContain(`Experiment ${id} not found.`);
    const { code, stdout, stderr } = await command(["sync", second, first], connection(server));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Delivered 4 (1 experiment, 1 run, 1 row of metrics, 1 patch)");
    expect(server.runs).toMatchObject([{ experiment_id: server.experiments[0]?.id }]);
    expect(server.experiments).toMatchObject([{ best_generation_id: server.runs[0]?.id }]);
    expect(server.metrics).toHaveLength(1);
  });

  it("sends the mirrors of a run that was resumed elsewhere as one run, in any order", async () => {
    const server = await mockServer();
    const first = offlineClient();
    const begun = await first.startRun({ experiment_name: "two-jobs", seed: 1 });
    await begun.logStep(1, { loss: 0.9 });
    await begun.logStep(2, { loss: 0.8 });
    const second = offlineClient();
    const resumed = await second.startRun({ run_id: begun.runId });
    await resumed.logStep(2, { loss: 0.7 });
    await resumed.logStep(3, { loss: 0.6 });
    await resumed.complete();
    await Promise.all([first.close(), second.close()]);
    const [one, other] = [first.local.root, second.local.root];

    const alone = await command(["sync", other], connection(server));
    expect(alone.code).toBe(3);
    expect(server.metrics).toEqual([]);
    const { code, stdout, stderr } = await command(["sync", other, one], connection(server));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("1 experiment, 1 run, 4 rows of metrics");
    expect(server.runs).toMatchObject([{ seed: 1, status: "completed" }]);
    expect(server.metrics).toHaveLength(4);
    expect(server.metrics.findLast(({ step }) => step === 2)?.metrics).toEqual({ loss: 0.7 });
    expect(await command(["sync", one, other], connection(server))).toMatchObject({
      code: 0,
      stdout: "Nothing to deliver.\n",
    });
  });

  it.each(PYTHON_MIRRORS)("skips a mirror written $name, and sends it with --adopt", async ({ copyTo }) => {
    const server = await mockServer();
    const folder = temporaryFolder();
    copyTo(folder);
    const { code, stdout, stderr } = await command(["sync", folder], connection(server));
    expect(code).toBe(0);
    expect(stdout).toBe("Nothing to deliver.\nSkipped 6 (3 experiments, 3 runs).\n");
    expect(stderr).toContain("6 experiments or runs were written by another client");
    expect(stderr).toContain("--adopt");
    expect(server.requests).toEqual([]);

    const counted = await command(["sync", folder, "--adopt", "--dry-run"]);
    expect(counted.stdout).toContain(`  Send with: ${syncCommandLine(folder)} --adopt\n`);
    const adopted = await command(["sync", folder, "--adopt"], connection(server));
    expect(adopted.code).toBe(0);
    expect(adopted.stderr).toContain(`${folder}/${GROUPS} is not sent`);
    expect(server.runs).toHaveLength(3);
    expect(server.evals).toHaveLength(1);
    for (const { project_id } of server.experiments) expect(project_id).toBe("project-1");
    expect(await command(["sync", folder, "--adopt"], connection(server))).toMatchObject({
      code: 0,
      stdout: "Nothing to deliver.\n",
    });
  });

  it("has at most --concurrency rows of a stream in flight", async () => {
    const server = await mockServer({ latencyMs: 5 });
    const { logDir } = await offlineMirror(40);
    let most = 0;
    server.failNext({
      status: 500,
      times: Number.POSITIVE_INFINITY,
      match: ({ path }) => {
        const isOpen = ({ path: other, status }: { path: string; status?: number }) =>
          other === path && status === undefined;
        if (path.endsWith("/metrics/")) most = Math.max(most, server.requests.filter(isOpen).length);
        return false;
      },
    });
    expect(await command(["sync", logDir, "--concurrency", "1"], connection(server))).toMatchObject({ code: 0 });
    expect(server.metrics).toHaveLength(40);
    expect(most).toBe(1);
  });

  it("escapes control characters other than its own colours", async () => {
    const server = await mockServer();
    const { logDir } = await offlineMirror(1, join(temporaryFolder(), "\u001b]0;title\u0007 mirror"));
    server.failNext({ status: 422, body: { detail: "\u001b[2Jgone" }, match: "/metrics/" });
    const { code, stdout, stderr } = await command(["sync", logDir], connection(server));
    expect(code).toBe(1);
    expect(stdout + stderr).not.toMatch(OBEYED);
    expect(stdout).toContain("\\u001b]0;title\\u0007 mirror");
  });

  it.skipIf(!hasTerminal)(
    "draws a progress bar on a terminal, with coloured lines unless NO_COLOR is set",
    async () => {
      const server = await mockServer();
      const { logDir, writes } = await offlineMirror(200);
      const coloured = await evsysOnTerminal(["sync", logDir], connection(server)).ended;
      expect(coloured.code).toBe(0);
      expect(coloured.stdout).toMatch(new RegExp(`\\r\\[#+\\] 100 %, ${writes} delivered, 0 pending *\\r *\\r`));
      expect(coloured.stdout).toContain(`\u001b[32mDelivered ${writes}\u001b[39m`);

      const again = await offlineMirror(1);
      const plain = await evsysOnTerminal(["sync", again.logDir], { ...connection(server), NO_COLOR: "1" }).ended;
      expect(plain.stdout).toContain("Delivered 7 (");
      expect(plain.stdout).not.toContain("\u001b");
    },
  );
});
