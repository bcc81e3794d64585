import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type DashboardClient, EvsysValidationError, ExperimentRun, syncMirror } from "../../src/index.js";
import {
  API_KEY,
  clientOf,
  collected,
  failureOf,
  mockServer,
  offlineClient,
  PROJECT_ID,
  runOnServer,
  UUID,
  wrong,
} from "../support/clients.js";
import { pathsBelow } from "../support/folders.js";
import { EVAL, PREDICTION } from "../support/writes.js";

const OPTIONS = {
  experiment_name: "iris",
  hypothesis: "h",
  tags: ["a"],
  config: { shared: 1 },
  seed: 42,
  recipe_kind: "sft",
  run_config: { base_model: "m" },
} as const;

function documentPath(client: DashboardClient, runId: string): string {
  return join(client.local.root, "generations", runId, "generation.json");
}

describe("withRun", () => {
  it("creates the experiment, starts the run, and completes the run, then the experiment", async () => {
    const server = await mockServer();
    const client = clientOf(server);
    const statuses: unknown[] = [];
    const result = await client.withRun(OPTIONS, (run) => {
      statuses.push(server.runs[0]?.status, server.experiments[0]?.status);
      expect(run).toBeInstanceOf(ExperimentRun);
      expect(run).toMatchObject({ experimentId: server.experiments[0]?.id, runId: server.runs[0]?.id });
      return "the answer";
    });
    const [experiment, run] = [server.experiments[0], server.runs[0]];
    expect(result).toBe("the answer");
    expect(statuses).toEqual(["running", "pending"]);
    expect(experiment).toMatchObject({ experiment_name: "iris", hypothesis: "h", tags: ["a"], config: { shared: 1 } });
    expect(run).toMatchObject({ experiment_id: experiment?.id, seed: 42, recipe_kind: "sft", status: "completed" });
    expect(run).not.toHaveProperty("experiment_name");
    expect(experiment).toMatchObject({ status: "completed" });
    expect(experiment).not.toHaveProperty("seed");
    expect(server.requests.map(({ path }) => path)).toEqual([
      "/sdk/experiments/",
      "/sdk/runs/",
      `/sdk/runs/${run?.id}/`,
      `/sdk/experiments/${experiment?.id}/`,
    ]);
    expect(run).not.toHaveProperty("summary");
    expect(experiment).not.toHaveProperty("best_score");
  });

  it("sends the best score and the conclusion at the end", async () => {
    const server = await mockServer();
    await clientOf(server).withRun(OPTIONS, async (run) => {
      run.setBestScore(0.5);
      run.setBestScore(0);
      run.setConclusion("it separates");
      expect(server.requests).toHaveLength(2);
    });
    expect(server.runs[0]).toMatchObject({ status: "completed", summary: { best_score: 0 } });
    expect(server.experiments[0]).toMatchObject({ status: "completed", best_score: 0, conclusion: "it separates" });
  });

  it("logs to the run with its own methods", async () => {
    const server = await mockServer();
    await clientOf(server).withRun(OPTIONS, async (run) => {
      await run.logStep(1, { loss: 0.5, kl: null });
      await run.logStep(2, { loss: 0.4 }, { split: "val" });
      expect((await run.logEval(EVAL)).id).toMatch(UUID);
      expect((await run.addCheckpoint({ uri: "u" })).is_final).toBe(false);
      expect(await run.logPredictions([PREDICTION])).toEqual({ ok: true, inserted: 1 });
      expect(await run.updateRun({ gpu: "H100" })).toEqual({ id: run.runId, patched: ["gpu"] });
      const patched = await run.updateExperiment({ current_iteration: 1 });
      expect(patched).toEqual({ experiment_id: run.experimentId, patched: ["current_iteration"] });
    });
    expect(server.metrics).toMatchObject([
      { step: 1, split: "train", metrics: { loss: 0.5 } },
      { step: 2, split: "val", metrics: { loss: 0.4 } },
    ]);
    expect([server.evals, server.checkpoints, server.predictions].map(({ length }) => length)).toEqual([1, 1, 1]);
    expect(server.runs[0]).toMatchObject({ gpu: "H100", status: "completed" });
    expect(server.experiments[0]).toMatchObject({ current_iteration: 1, status: "completed" });
  });

  it("creates a run for an existing experiment", async () => {
    const { server, client, experimentId } = await runOnServer();
    await client.withRun({ experiment_id: experimentId, seed: 7 }, (run) => {
      expect(run.experimentId).toBe(experimentId);
    });
    expect(server.experiments).toHaveLength(1);
    expect(server.runs[1]).toMatchObject({ experiment_id: experimentId, seed: 7, status: "completed" });
  });

  it("does not complete an experiment passed by its id, but sends it the best score and the conclusion", async () => {
    const { server, client, experimentId } = await runOnServer();
    const before = server.requests.length;
    const options = { experiment_id: experimentId, trackBest: "accuracy" };
    await client.withRun(options, (run) => run.logStep({ accuracy: 0.7 }));
    await failureOf(() => client.withRun(options, () => Promise.reject(new Error("one arm of many"))));
    expect(server.experiments).toMatchObject([{ status: "pending", best_score: 0.7 }]);
    expect(server.requests.slice(before).filter(({ path }) => path.startsWith("/sdk/experiments/"))).toHaveLength(1);

    await client.withRun(options, (run) => {
      run.setBestScore(0.9);
      run.setConclusion("the third arm wins");
    });
    expect(server.runs.map(({ status, summary }) => ({ status, summary }))).toEqual([
      { status: "pending", summary: undefined },
      { status: "completed", summary: { best_score: 0.7 } },
      { status: "failed", summary: undefined },
      { status: "completed", summary: { best_score: 0.9 } },
    ]);
    expect(server.experiments).toMatchObject([
      { status: "pending", best_score: 0.9, conclusion: "the third arm wins" },
    ]);
    expect(server.experiments[0]).not.toHaveProperty("error_message");
  });

  it("works offline, only in the mirror", async () => {
    const client = offlineClient();
    const runId = await client.withRun(OPTIONS, async (run) => {
      await run.logStep(1, { loss: 0.5 });
      run.setBestScore(0.9);
      return run.runId;
    });
    expect(client.local.runs()).toMatchObject([{ id: runId, status: "completed", summary: { best_score: 0.9 } }]);
    expect(client.local.experiments()).toMatchObject([
      { experiment_name: "iris", status: "completed", best_score: 0.9 },
    ]);
    expect(await collected(client.local.metrics(runId))).toHaveLength(1);
  });

  it("rejects a field that belongs neither to the experiment nor to the run", async () => {
    const server = await mockServer();
    const call = () => clientOf(server).withRun(wrong({ ...OPTIONS, learning_rate: 1 }), () => {});
    const error = await failureOf(call);
    expect(error).toBeInstanceOf(EvsysValidationError);
    expect(String(error)).toContain("learning_rate");
    expect(server.runs).toEqual([]);
  });

  it("rejects the id of an experiment together with the fields of a new one", async () => {
    const { client, requests } = await runOnServer();
    const both = { experiment_id: "e", experiment_name: "iris", tags: ["a"], plan: null };
    const error = await failureOf(() => client.withRun(wrong(both), () => {}));
    expect(error).toBeInstanceOf(EvsysValidationError);
    expect(error).toMatchObject({ issues: [{ field: "experiment_name" }, { field: "tags" }] });
    expect(String(error)).toContain("beside experiment_id");
    expect(requests()).toEqual([]);
  });

  it("treats an experiment_id of null as unset", async () => {
    const server = await mockServer();
    await clientOf(server).withRun({ ...OPTIONS, experiment_id: null }, () => {});
    expect(server.experiments).toMatchObject([{ experiment_name: "iris", status: "completed" }]);
  });

  it.each([
    ["signals", 1],
    ["trackBest", 5],
    ["trackBest", { metric: "loss", mode: "lowest" }],
  ])("rejects an invalid %s", async (field, value) => {
    const server = await mockServer();
    const error = await failureOf(() => clientOf(server).withRun(wrong({ ...OPTIONS, [field]: value }), () => {}));
    expect(error).toBeInstanceOf(EvsysValidationError);
    expect(error).toMatchObject({ issues: [{ field: expect.stringContaining(field) }] });
    expect(server.requests).toEqual([]);
  });

  it("does not call the function if the experiment cannot be created", async () => {
    const server = await mockServer();
    server.failNext({ status: 403, body: { detail: "not your project" } });
    let begun = false;
    const error = await failureOf(() =>
      clientOf(server).withRun(OPTIONS, () => {
        begun = true;
      }),
    );
    expect(error).toMatchObject({ name: "PermissionDeniedError" });
    expect(begun).toBe(false);
    expect(server.runs).toEqual([]);
  });
});

describe("withRun whose function throws", () => {
  class OutOfMemory extends RangeError {
    override readonly name = "OutOfMemory";
  }

  it.each([
    { thrown: new OutOfMemory("24 GB are not enough"), message: "OutOfMemory: 24 GB are not enough" },
    { thrown: new TypeError("no"), message: "TypeError: no" },
    { thrown: "just words", message: "just words" },
  ])("marks both as failed with $message, and rethrows the same value", async ({ thrown, message }) => {
    const server = await mockServer();
    const error = await failureOf(() =>
      clientOf(server).withRun(OPTIONS, async (run) => {
        run.setBestScore(0.4);
        await run.logStep(1, { loss: 1 });
        throw thrown;
      }),
    );
    expect(error).toBe(thrown);
    expect(server.runs).toMatchObject([{ status: "failed", error_message: message }]);
    expect(server.experiments).toMatchObject([{ status: "failed", error_message: message }]);
    expect(server.metrics).toHaveLength(1);
  });

  it("sends at most 500 characters of the error, and keeps its stack only in the mirror", async () => {
    const server = await mockServer();
    const client = clientOf(server);
    const cause = new TypeError("the root of it");
    const thrown = new Error(`${"x".repeat(491)}\u{1f600}${"y".repeat(9_000)}`, { cause });
    let runId = "";
    const body = (run: ExperimentRun) => {
      ({ runId } = run);
      throw thrown;
    };
    expect(await failureOf(() => client.withRun(OPTIONS, body))).toBe(thrown);
    const message = `Error: ${"x".repeat(491)}…`;
    expect(server.runs).toMatchObject([{ status: "failed", error_message: message }]);
    expect(server.experiments).toMatchObject([{ status: "failed", error_message: message }]);
    expect(JSON.stringify(server.requests)).not.toContain("with-run.test");
    expect(JSON.stringify(client.local.run(runId))).not.toContain("with-run.test");

    const stack = () => JSON.parse(readFileSync(documentPath(client, runId), "utf8"))._error_stack;
    expect(stack()).toContain("with-run.test");
    expect(stack()).toContain("caused by: TypeError: the root of it");
    await client.updateRun(runId, { note: "looked into" });
    expect(stack()).toContain("with-run.test");
    expect(client.local.run(runId)).toMatchObject({ note: "looked into", error_message: message });
  });

  it("does not send the stack from an adopted mirror either", async () => {
    const [server, client] = [await mockServer(), offlineClient()];
    await failureOf(() => client.withRun(OPTIONS, () => Promise.reject(new Error("no"))));
    await client.close();
    const { root } = client.local;
    for (const path of pathsBelow(root).filter((each) => each.endsWith("/sync")))
      rmSync(join(root, path), { recursive: true });
    const options = { baseUrl: server.url, apiKey: API_KEY, projectId: PROJECT_ID };
    expect(await syncMirror({ logDirs: [root], adopt: true, ...options })).toMatchObject({ pending: 0, rejected: 0 });
    expect(server.runs).toMatchObject([{ status: "failed", error_message: "Error: no" }]);
    expect(JSON.stringify(server.requests)).not.toContain("_error_stack");
  });

  it("rethrows a value that cannot be converted to text", async () => {
    const server = await mockServer();
    const thrown = Object.create(null);
    expect(await failureOf(() => clientOf(server).withRun(OPTIONS, () => Promise.reject(thrown)))).toBe(thrown);
    expect(server.runs).toMatchObject([{ status: "failed" }]);
  });

  it("updates the experiment if the run's update is rejected, and the other way round", async () => {
    for (const [match, left] of [
      ["/sdk/runs/", "experiments"],
      ["/sdk/experiments/", "runs"],
    ] as const) {
      const server = await mockServer();
      const call = () =>
        clientOf(server).withRun(OPTIONS, () => {
          server.failNext({ status: 422, body: "no", match });
          throw new Error("no");
        });
      expect(String(await failureOf(call))).toBe("Error: no");
      expect(server[left]).toMatchObject([{ status: "failed", error_message: "Error: no" }]);
    }
  });

  it("rethrows the same error if the backend rejects the updates", async () => {
    const server = await mockServer();
    const thrown = new Error("the training's own");
    const error = await failureOf(() =>
      clientOf(server).withRun(OPTIONS, () => {
        server.failNext({ status: 422, body: "no", times: Number.POSITIVE_INFINITY });
        throw thrown;
      }),
    );
    expect(error).toBe(thrown);
  });

  it("marks both as failed offline", async () => {
    const client = offlineClient();
    const thrown = new Error("no");
    expect(await failureOf(() => client.withRun(OPTIONS, () => Promise.reject(thrown)))).toBe(thrown);
    expect(client.local.runs()).toMatchObject([{ status: "failed", error_message: "Error: no" }]);
    expect(client.local.experiments()).toMatchObject([{ status: "failed", error_message: "Error: no" }]);
  });
});
