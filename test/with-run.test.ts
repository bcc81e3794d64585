import { describe, expect, it } from "vitest";
import { EvsysValidationError, ExperimentRun } from "../src/index.js";
import {
  clientOf,
  collected,
  failureOf,
  mockServer,
  offlineClient,
  runOnServer,
  UUID,
  wrong,
} from "./support/clients.js";
import { EVAL, PREDICTION } from "./support/writes.js";

const OPTIONS = {
  experiment_name: "iris",
  hypothesis: "h",
  tags: ["a"],
  config: { shared: 1 },
  seed: 42,
  recipe_kind: "sft",
  run_config: { base_model: "m" },
} as const;

describe("withRun", () => {
  it("creates the experiment, starts the run, and completes the run, then the experiment", async () => {
    const server = await mockServer();
    const client = clientOf(server);
    const statuses: unknown[] = [];
    const answer = await client.withRun(OPTIONS, (run) => {
      statuses.push(server.runs[0]?.status, server.experiments[0]?.status);
      expect(run).toBeInstanceOf(ExperimentRun);
      expect(run).toMatchObject({ experimentId: server.experiments[0]?.id, runId: server.runs[0]?.id });
      return "the answer";
    });
    const [experiment, run] = [server.experiments[0], server.runs[0]];
    expect(answer).toBe("the answer");
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

  it("tells the best score and the conclusion at the end", async () => {
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

  it("writes to the run by its own methods", async () => {
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

  it("writes a run under an experiment that is there", async () => {
    const { server, client, experimentId } = await runOnServer();
    await client.withRun({ experiment_id: experimentId, seed: 7 }, (run) => {
      expect(run.experimentId).toBe(experimentId);
    });
    expect(server.experiments).toHaveLength(1);
    expect(server.runs[1]).toMatchObject({ experiment_id: experimentId, seed: 7, status: "completed" });
    expect(server.experiments[0]).toMatchObject({ status: "completed" });
  });

  it("works offline, in the mirror alone", async () => {
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

  it("refuses a field that is neither the experiment's nor the run's", async () => {
    const server = await mockServer();
    const call = () => clientOf(server).withRun(wrong({ ...OPTIONS, learning_rate: 1 }), () => {});
    const error = await failureOf(call);
    expect(error).toBeInstanceOf(EvsysValidationError);
    expect(String(error)).toContain("learning_rate");
    expect(server.runs).toEqual([]);
  });

  it("does not begin where the experiment cannot be created", async () => {
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
    { thrown: new OutOfMemory("24 GB are not enough"), told: "OutOfMemory: 24 GB are not enough" },
    { thrown: new TypeError("no"), told: "TypeError: no" },
    { thrown: "just words", told: "just words" },
  ])("marks both failed with $told, and throws the same", async ({ thrown, told }) => {
    const server = await mockServer();
    const error = await failureOf(() =>
      clientOf(server).withRun(OPTIONS, async (run) => {
        run.setBestScore(0.4);
        await run.logStep(1, { loss: 1 });
        throw thrown;
      }),
    );
    expect(error).toBe(thrown);
    expect(server.runs).toMatchObject([{ status: "failed", error_message: told }]);
    expect(server.experiments).toMatchObject([{ status: "failed", error_message: told }]);
    expect(server.metrics).toHaveLength(1);
  });

  it("marks the experiment though the news of the run is refused, and the other way round", async () => {
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

  it("throws the same though the backend does not take the news", async () => {
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

  it("marks both failed offline", async () => {
    const client = offlineClient();
    const thrown = new Error("no");
    expect(await failureOf(() => client.withRun(OPTIONS, () => Promise.reject(thrown)))).toBe(thrown);
    expect(client.local.runs()).toMatchObject([{ status: "failed", error_message: "Error: no" }]);
    expect(client.local.experiments()).toMatchObject([{ status: "failed", error_message: "Error: no" }]);
  });
});
