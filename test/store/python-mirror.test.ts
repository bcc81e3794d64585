import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { collected, offlineClient } from "../support/clients.js";
import { pathsBelow, temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { EVALUATED_RUN_ID, EXPERIMENT_ID, FAILED_RUN_ID, GROUPS, PYTHON_MIRRORS } from "../support/python-mirror.js";

describe.each(PYTHON_MIRRORS)("a mirror written $name", ({ copyTo }) => {
  function opened() {
    const logDir = temporaryFolder();
    copyTo(logDir);
    for (const path of pathsBelow(logDir)) chmodSync(join(logDir, path), 0o755);
    const logger = recordingLogger();
    return { client: offlineClient({ logDir, logger }), logDir, warnings: () => logger.of("warn") };
  }
  const text = (logDir: string, path: string): string => readFileSync(join(logDir, path), "utf8");

  it("is read completely, oldest first, without a warning", async () => {
    const { client, warnings } = opened();
    const { local } = client;
    expect(local.experiments().map(({ experiment_name }) => experiment_name)).toEqual(["single", "single", "x"]);
    expect(local.runs().map(({ status }) => status)).toEqual(["failed", "completed", "completed"]);
    expect(local.runs().map(({ seed }) => seed)).toEqual([42, 42, 18]);
    expect(local.experiment(EXPERIMENT_ID)).toMatchObject({ hypothesis: "h", conclusion: "1/1 arms completed." });
    expect(local.run(FAILED_RUN_ID)).toMatchObject({
      _created_at: 1781662341.079974,
      error_message: "RuntimeError: train_fn returned no results for arm 'base'",
      run_config: { data: { dataset_id: null, rows: [{ q: "Q", a: "A" }] }, eval: { inference: null } },
    });
    expect(await collected(local.evals(EVALUATED_RUN_ID))).toEqual([
      { id: "c5e7b3c9-5a67-4864-a37f-11a93cdb6470", metrics: { mean_reward: 1, pass_rate: 1, n_tasks: 2 } },
    ]);
    expect(await collected(local.metrics(EVALUATED_RUN_ID))).toEqual([]);
    expect(warnings()).toEqual([]);
  });

  it("is not changed by reading", async () => {
    const { client, logDir } = opened();
    const before = pathsBelow(logDir);
    client.local.experiments();
    client.local.runs();
    await collected(client.local.evals(EVALUATED_RUN_ID));
    await client.close();
    expect(pathsBelow(logDir)).toEqual(before);
  });

  it("keeps every field and _created_at when patched", async () => {
    const { client, warnings } = opened();
    const before = client.local.run(FAILED_RUN_ID);
    await client.updateRun(FAILED_RUN_ID, { status: "cancelled", note: "again" });
    const after = client.local.run(FAILED_RUN_ID);
    expect(after).toEqual({ ...before, status: "cancelled", note: "again", _updated_at: expect.any(Number) });
    expect(after?._updated_at).not.toBe(before?._updated_at);
    const experiment = client.local.experiment(EXPERIMENT_ID);
    await client.updateExperiment(EXPERIMENT_ID, { best_score: 0.5 });
    expect(client.local.experiment(EXPERIMENT_ID)).toEqual({
      ...experiment,
      best_score: 0.5,
      _updated_at: expect.any(Number),
    });
    expect(warnings()).toEqual([]);
  });

  it("keeps its rows unchanged before ours", async () => {
    const { client, logDir } = opened();
    const path = `generations/${EVALUATED_RUN_ID}/evals.jsonl`;
    const before = text(logDir, path);
    await client.createEval(EVALUATED_RUN_ID, { metrics: { accuracy: 1 } });
    await client.logStepMetric(EVALUATED_RUN_ID, { step: 1, loss: 1 });
    expect(text(logDir, path).startsWith(before)).toBe(true);
    const evals = await collected(client.local.evals(EVALUATED_RUN_ID));
    expect(evals.map(({ metrics }) => metrics)).toEqual([
      { mean_reward: 1, pass_rate: 1, n_tasks: 2 },
      { accuracy: 1 },
    ]);
    expect(await collected(client.local.metrics(EVALUATED_RUN_ID))).toHaveLength(1);
  });

  it("keeps fields that this client does not know", async () => {
    const { client, logDir } = opened();
    const before = text(logDir, GROUPS);
    await client.updateExperiment("b8aed3f9-b575-4ffd-b66e-f4146757ce8f", { plan: "p" });
    expect(text(logDir, GROUPS)).toBe(before);
  });
});
