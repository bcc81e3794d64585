import { describe, expect, it } from "vitest";
import { sumOfReports, waitMs, watch } from "../../src/cli/sync/watch.js";
import type { COUNTED, Counts, SyncReport } from "../../src/delivery/counters.js";
import { startMockServer } from "../../src/testing/index.js";
import { connection, evsys, jsonOf, offlineMirror } from "../support/cli.js";
import { API_KEY, mockServer, offlineClient } from "../support/clients.js";
import { until } from "../support/until.js";

function report(counts: Partial<Counts>, kind: (typeof COUNTED)[number] = "metrics"): SyncReport {
  const none = { delivered: 0, pending: 0, rejected: 0, skipped: 0 };
  const byKind = {
    experiments: none,
    runs: none,
    checkpoints: none,
    evals: none,
    metrics: none,
    predictions: none,
    patches: none,
  };
  return { ...none, ...counts, byKind: { ...byKind, [kind]: { ...none, ...counts } }, durationMs: 1 };
}

describe("evsys-sdk sync --watch", () => {
  it("sends a mirror while it is written, until it is stopped", async () => {
    const server = await mockServer();
    const client = offlineClient();
    const { id } = await client.createExperiment({ experiment_name: "live" });
    const child = evsys(["sync", "--watch", client.local.root], connection(server));
    await until(() => server.experiments.length === 1);
    const run = await client.createRun({ experiment_id: id });
    for (let step = 0; step < 50; step += 1) await client.logStepMetric(run.id, { step, loss: 1 });
    await until(() => server.metrics.length === 50);
    await client.updateRun(run.id, { status: "completed" });
    await until(() => server.runs[0]?.status === "completed");
    child.process.kill("SIGINT");
    const { code, stdout } = await child.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 delivered, 0 rejected, 0 pending\n/);
    expect(stdout).toContain("Stopped.\nDelivered 53 (1 experiment, 1 run, 50 rows of metrics, 1 patch) in ");
  });

  it("continues when the backend is available again, and prints one object for all rounds with --json", async () => {
    const first = await startMockServer({ apiKey: API_KEY });
    const { logDir, writes } = await offlineMirror(5);
    first.failNext({ status: 422, match: "/evals/" });
    first.failNext({ status: 503, match: "/predictions/", times: Number.POSITIVE_INFINITY });
    const child = evsys(["sync", "--watch", "--json", "--retry-rejected", logDir], connection(first));
    await until(() => first.metrics.length === 5);
    await first.stop();
    const second = await mockServer({ state: first.state, port: first.port });
    await until(() => second.runs[0]?.status === "completed" && second.predictions.length === 1);
    child.process.kill("SIGTERM");
    const { code, stdout } = await child.ended;
    // A rejected write is not sent again every second.
    expect(second.requests.filter(({ path }) => path.endsWith("/evals/"))).toEqual([]);
    expect(code).toBe(1);
    expect(jsonOf(stdout)).toMatchObject({ delivered: writes - 1, pending: 0, rejected: 1 });
    expect(second.predictions).toHaveLength(1);
  });

  it("prints an unchanged message once", async () => {
    const server = await mockServer();
    const { logDir } = await offlineMirror();
    server.failNext({ status: 401, body: { detail: "who are you" }, times: Number.POSITIVE_INFINITY });
    const child = evsys(["sync", "--watch", logDir], connection(server));
    await until(() => server.requests.length >= 3);
    child.process.kill("SIGINT");
    const { code, stdout, stderr } = await child.ended;
    expect(code).toBe(4);
    expect(stderr.match(/who are you/g)).toHaveLength(1);
    expect(stdout.match(/0 delivered/g)).toHaveLength(1);
  });
});

describe("the rounds of --watch", () => {
  it("count once more after a signal", async () => {
    const controller = new AbortController();
    const rounds: boolean[] = [];
    const total = await watch(
      async (isFirst) => {
        rounds.push(isFirst);
        if (!isFirst) return report({ pending: 3 });
        setImmediate(() => controller.abort());
        return { ...report({ delivered: 5, pending: 1 }), blocked: "refused", blockedStatus: 401 };
      },
      () => {},
      controller.signal,
    );
    expect(rounds).toEqual([true, false]);
    expect(total).toMatchObject({ delivered: 5, pending: 3, blocked: "refused", blockedStatus: 401 });
  });

  it("start every second, and at most a minute apart while nothing can be delivered", () => {
    expect([0, 1, 2, 3, 6, 7, 1_000].map(waitMs)).toEqual([1_000, 1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
  });

  it("are summed in the report: delivered, rejected and skipped; pending is that of the last round", () => {
    const both = sumOfReports(
      { ...report({ delivered: 5, pending: 4, rejected: 1, skipped: 2 }), blocked: "away", failures: 1 },
      report({ delivered: 3, pending: 1, rejected: 2, skipped: 1 }),
    );
    expect(both).toMatchObject({ delivered: 8, pending: 1, rejected: 2, skipped: 3, durationMs: 2, failures: 1 });
    expect(both).not.toHaveProperty("blocked");
    // Another client's folders are the same ones each time.
    expect(sumOfReports(report({ skipped: 6 }, "runs"), report({ skipped: 6 }, "runs"))).toMatchObject({ skipped: 6 });
  });
});
