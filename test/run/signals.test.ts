import { describe, expect, it } from "vitest";
import type { MockServer } from "../../src/testing/index.js";
import { type Child, program } from "../support/children.js";
import { mockServer } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { until } from "../support/until.js";

const PATIENT_MS = 600_000;

/** A process with runs under way. */
async function training(server: MockServer, { timeoutMs = PATIENT_MS, runs = 1, listens = false } = {}) {
  const args = [server.url, temporaryFolder(), String(timeoutMs), String(runs), ...(listens ? ["listens"] : [])];
  const child = program("stopped-run.ts", args);
  await until(() => child.stdout().includes("ready") || child.process.exitCode !== null);
  expect(child.stdout()).toContain("ready");
  return child;
}

/** Hangs on the request that ends a run, and calls back when it arrives. */
function hangAtEnd(server: MockServer, callBack: () => void): void {
  server.failNext({
    hang: true,
    times: Number.POSITIVE_INFINITY,
    match({ path, body }) {
      const isEnd = path.startsWith("/sdk/runs/") && JSON.stringify(body).includes("cancelled");
      if (isEnd) callBack();
      return isEnd;
    },
  });
}

function statuses(server: MockServer): unknown[] {
  return server.runs.map(({ status }) => status);
}

describe("a process that receives a signal", () => {
  it.each(["SIGINT", "SIGTERM"] as const)("marks its runs as cancelled and exits by %s", async (signal) => {
    const server = await mockServer({ apiKey: "k" });
    const child = await training(server, { runs: 2 });
    child.process.kill(signal);
    expect(await child.ended).toMatchObject({ code: null, signal, stderr: "" });
    expect(statuses(server)).toEqual(["cancelled", "cancelled", "completed"]);
    const cancelled = { status: "cancelled", error_message: `Ended by ${signal}.` };
    expect(server.experiments).toMatchObject([cancelled, cancelled, { status: "completed" }]);
    expect(server.runs[0]).toMatchObject({ ...cancelled, duration_seconds: expect.any(Number) });
  });

  it("marks a run that is being created when the signal arrives", async () => {
    const server = await mockServer({ apiKey: "k", latencyMs: 200 });
    const child = program("looping-run.ts", [server.url, temporaryFolder()]);
    await until(() => server.requests.length > 0 || child.process.exitCode !== null);
    child.process.kill("SIGINT");
    expect(await child.ended).toMatchObject({ code: null, signal: "SIGINT", stderr: "" });
    expect(statuses(server)).toEqual(["cancelled"]);
    expect(server.experiments).toMatchObject([{ status: "cancelled" }]);
    expect(server.metrics).toEqual([]);
  });

  it("exits by a signal that arrives while a run is being created, even if the backend rejects the run", async () => {
    const server = await mockServer({ apiKey: "k", latencyMs: 200 });
    server.failNext({ status: 400, match: ({ path }) => path === "/sdk/runs/" });
    const child = program("looping-run.ts", [server.url, temporaryFolder()]);
    await until(() => server.requests.length > 0 || child.process.exitCode !== null);
    child.process.kill("SIGINT");
    expect(await child.ended).toMatchObject({ code: null, signal: "SIGINT" });
    expect(statuses(server)).toEqual([]);
  });

  it("exits at once at a second signal", async () => {
    const server = await mockServer({ apiKey: "k" });
    const child: Child = await training(server);
    hangAtEnd(server, () => child.process.kill("SIGINT"));
    child.process.kill("SIGTERM");
    expect(await child.ended).toMatchObject({ code: null, signal: "SIGINT" });
    expect(statuses(server)).toEqual(["running", "completed"]);
  });

  it("exits even if the backend never responds", async () => {
    const server = await mockServer({ apiKey: "k" });
    const child = await training(server, { timeoutMs: 2_000 });
    let asked = 0;
    hangAtEnd(server, () => {
      asked += 1;
    });
    child.process.kill("SIGTERM");
    const { stderr, ...ended } = await child.ended;
    expect(ended).toMatchObject({ code: null, signal: "SIGTERM" });
    expect(stderr.match(/not delivered yet\. Send with: npx evsys-sdk sync/g)).toHaveLength(1);
    expect(asked).toBeGreaterThan(0);
  });

  it("does not exit if the program has its own listener", async () => {
    const server = await mockServer({ apiKey: "k" });
    const child = await training(server, { listens: true });
    child.process.kill("SIGTERM");
    expect(await child.ended).toMatchObject({ code: 7, signal: null, stdout: "ready\nthe program's own\n" });
    expect(statuses(server)).toEqual(["cancelled", "completed"]);
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "ignores rows logged after %s, and leaves nothing pending",
    async (signal) => {
      const server = await mockServer({ apiKey: "k" });
      const child = program("looping-run.ts", [server.url, temporaryFolder()]);
      await until(() => server.metrics.length > 50 || child.process.exitCode !== null);
      child.process.kill(signal);
      expect(await child.ended).toMatchObject({ code: null, signal, stdout: "ready\n", stderr: "" });
      expect(statuses(server)).toEqual(["cancelled"]);
      const at = server.requests.findIndex(({ body }) => JSON.stringify(body ?? null).includes("cancelled"));
      const after = server.requests.slice(at + 1).map(({ path }) => path);
      expect(after).toEqual([`/sdk/experiments/${server.experiments[0]?.id}/`]);
    },
  );
});
