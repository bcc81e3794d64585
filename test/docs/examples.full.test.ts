import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LocalExperimentStore } from "../../src/index.js";
import type { MockServer } from "../../src/testing/index.js";
import { built } from "../support/built.js";
import { cleanEnvironment, run } from "../support/children.js";
import { API_KEY, collected, mockServer, PROJECT_ID } from "../support/clients.js";
import { REPOSITORY, temporaryFolder } from "../support/folders.js";

/** Runs an example as its reader would, with a mirror of its own. */
async function ran(name: string, variables: Readonly<Record<string, string>> = {}) {
  const logDir = join(temporaryFolder(), "mirror");
  const env = cleanEnvironment({ EVSYS_LOG_DIR: logDir, ...variables });
  const ended = await run(process.execPath, [built(`examples/${name}`)], { env }).ended;
  return { ...ended, mirror: new LocalExperimentStore(logDir) };
}

/** The same against a server: all arrives, nothing twice, nothing wrong. */
async function sent(name: string): Promise<{ server: MockServer; stdout: string }> {
  const server = await mockServer();
  const variables = { EVSYS_API_URL: server.url, EVSYS_API_KEY: API_KEY, EVSYS_PROJECT_ID: PROJECT_ID };
  const { code, stdout, stderr } = await ran(name, variables);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(server.requests.filter(({ status = 0 }) => status >= 300)).toEqual([]);
  expect(new Set(server.requests.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(server.requests.length);
  return { server, stdout };
}

function splits(server: MockServer): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { split } of server.metrics) counts[split] = (counts[split] ?? 0) + 1;
  return counts;
}

const checks: Readonly<Record<string, (server: MockServer, stdout: string) => void>> = {
  "training-loop.ts": (server) => {
    expect(splits(server)).toEqual({ train: 60, val: 3 });
    expect(server.checkpoints.map(({ step, is_final }) => [step, is_final])).toEqual([
      [20, false],
      [40, false],
      [60, true],
    ]);
    const losses = server.metrics.flatMap(({ metrics }) => metrics.val_loss ?? []);
    expect(losses).toHaveLength(3);
    expect(server.runs).toMatchObject([
      {
        status: "completed",
        duration_seconds: expect.any(Number),
        summary: { best_score: Math.min(...losses) },
      },
    ]);
    expect(server.experiments).toMatchObject([{ status: "completed", conclusion: expect.stringMatching(/slope/) }]);
  },
  "sweep.ts": (server) => {
    expect(server.metrics).toHaveLength(9 * 20);
    expect(server.runs.map(({ group_id, seed }) => `${group_id}/${seed}`).sort()).toEqual(
      ["0.01", "0.1", "0.5"].flatMap((rate) => [1, 2, 3].map((seed) => `learning-rate-${rate}/${seed}`)),
    );
    expect(server.runs.filter(({ status }) => status !== "completed")).toEqual([]);
    const scores = server.runs.map(({ summary }) => Number(Reflect.get(Object(summary), "best_score")));
    const best = server.runs[scores.indexOf(Math.max(...scores))];
    expect(server.experiments).toMatchObject([
      { status: "completed", best_score: Math.max(...scores), best_generation_id: best?.id },
    ]);
  },
  "eval-only.ts": (server) => {
    const right = server.predictions.filter(({ reward }) => reward === 1).length / 12;
    expect(server.predictions).toHaveLength(12);
    expect(server.predictions.filter(({ eval_id }) => eval_id !== server.evals[0]?.id)).toEqual([]);
    expect(server.evals).toMatchObject([{ metrics: { accuracy: right }, breakdowns: { sum: 1 } }]);
    expect(server.runs).toMatchObject([{ status: "completed", recipe_kind: "eval", summary: { best_score: right } }]);
    expect(server.metrics).toEqual([]);
  },
  "rl-rollouts.ts": (server, stdout) => {
    expect(splits(server)).toEqual({ train: 25 });
    expect(server.predictions).toHaveLength(200);
    expect(server.predictions.every(({ kind, advantage }) => kind === "rollout" && Number.isFinite(advantage))).toBe(
      true,
    );
    const means = server.metrics.flatMap(({ metrics }) => metrics.reward_mean ?? []);
    // At random it would be 0.47.
    expect(Math.min(...means.slice(-5))).toBeGreaterThan(0.7);
    expect(server.runs).toMatchObject([{ status: "completed", summary: { best_score: Math.max(...means) } }]);
    expect(stdout).toContain("0 pending");
  },
  "worker-pool.ts": (server) => {
    expect(server.runs).toMatchObject([{ status: "completed" }]);
    const rows = server.metrics.map(({ step, metrics }) => `${Object.keys(metrics)} ${step}`);
    expect(rows).toHaveLength(3 * 30);
    expect(new Set(rows).size).toBe(rows.length);
    expect(server.predictions.map(({ sample_idx }) => sample_idx).sort()).toEqual([0, 1, 2]);
  },
};

describe("the examples", () => {
  it("are all tested here", () => {
    expect(readdirSync(join(REPOSITORY, "examples")).sort()).toEqual(Object.keys(checks).sort());
  });

  it.each(Object.entries(checks))("%s sends to a backend what it describes", async (name, check) => {
    const { server, stdout } = await sent(name);
    check(server, stdout);
  });

  it.each(["training-loop.ts", "worker-pool.ts"])("%s runs without a backend or configuration", async (name) => {
    const { code, stderr, mirror } = await ran(name);
    expect(code).toBe(0);
    expect(stderr).toContain("npx evsys-sdk sync");
    const [only] = mirror.runs();
    expect(mirror.runs()).toMatchObject([{ status: "completed" }]);
    expect((await collected(mirror.metrics(only?.id ?? ""))).length).toBeGreaterThan(60);
  });
});
