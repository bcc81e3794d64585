import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../support/children.js";
import { temporaryFolder } from "../support/folders.js";
import { deadServer } from "../support/servers.js";
import { backend, clientFor, runOf } from "./support/backend.js";
import { programFile } from "./support/program.js";

const RUNS = 80;
const WRITES = 1 + 3 * RUNS;

/** Runs the program with no more than 200 files and sockets. */
async function withFewDescriptors(options: object): Promise<unknown[]> {
  const limited = 'ulimit -n 200; exec "$@"';
  const line = [process.execPath, programFile("many-runs.ts"), JSON.stringify({ runs: RUNS, ...options })];
  const { stdout, stderr } = await run("bash", ["-c", limited, "bash", ...line]).ended;
  expect(stderr).not.toContain("EMFILE");
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((text) => JSON.parse(text));
}

/** How many sessions each run's ops log has. */
function sessionsOf(logDir: string): number[] {
  const runs = join(logDir, "generations");
  const ops = readdirSync(runs).map((id) => readFileSync(join(runs, id, "sync", "ops.jsonl"), "utf8"));
  return ops.map((text) => text.split("\n").filter((line) => line.startsWith('{"session"')).length);
}

describe("more runs than the process may open files", () => {
  it("are written and sent online, each in one session", async () => {
    const [logDir, server] = [temporaryFolder(), await backend()];
    expect(await withFewDescriptors({ baseUrl: server.url, logDir })).toEqual([{ delivered: WRITES, pending: 0 }]);
    expect(server.metrics).toHaveLength(2 * RUNS);
    expect(new Set(sessionsOf(logDir))).toEqual(new Set([1]));
  });

  it("are written during an outage, and sent by a sync", async () => {
    const [logDir, server, dead] = [temporaryFolder(), await backend(), await deadServer()];
    const syncs = { baseUrl: server.url };
    expect(await withFewDescriptors({ baseUrl: dead.url, logDir, syncs })).toEqual([
      { delivered: 0, pending: WRITES },
      { delivered: WRITES, pending: 0 },
    ]);
    expect(server.metrics).toHaveLength(2 * RUNS);
    expect(new Set(sessionsOf(logDir))).toEqual(new Set([1]));
  });
});

describe("an id that the mirror does not have", () => {
  it("is treated as the backend's id and sent unchanged", async () => {
    const server = await backend();
    const client = clientFor(server, temporaryFolder());
    const { runId } = await runOf(client);
    server.failNext({ status: 201, body: { ok: true, id: "e1" }, match: "/evals/" });
    await client.createEval(runId, { metrics: { a: 1 }, checkpoint_id: "not-of-this-mirror" });
    expect(server.requests.at(-1)?.body).toMatchObject({ checkpoint_id: "not-of-this-mirror" });
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
  });
});
