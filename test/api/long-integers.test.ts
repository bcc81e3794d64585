import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { syncMirror } from "../../src/index.js";
import { API_KEY, collected, failureOf, offlineClient, PROJECT_ID, wrong } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { always, rawServer } from "../support/servers.js";

const SEED = "17293822569102704641";

/** A run as the Python client writes it, with integers of 64 bits wherever it may have them. */
function pythonMirror(): string {
  const logDir = temporaryFolder();
  const folder = join(logDir, "generations", "r-1");
  mkdirSync(folder, { recursive: true });
  const prediction = `{"kind": "eval", "instruction": "i", "model_output": "o", "metadata": {"seed": ${SEED}}}\n`;
  const files = {
    "generation.json": `{"id": "r-1", "experiment_id": "e-1", "seed": ${SEED}, "run_config": {"torch_seed": ${SEED}}, "_created_at": 2.0, "_updated_at": 2.0}`,
    "metrics.jsonl": `{"step": 1, "split": "train", "metrics": {"seed": ${SEED}}}\n{"step": 2, "split": "train", "metrics": {"seed": ${SEED}, "loss": NaN}}\n`,
    "evals.jsonl": `{"id": "v-1", "metrics": {"a": 1.0}, "breakdowns": {"seed": ${SEED}}}\n`,
    "predictions.jsonl": prediction.repeat(2),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return logDir;
}

describe("64-bit integers written by the Python client", () => {
  it("keep their digits in every request of an adopted run", async () => {
    const server = await rawServer(always(200, { ok: true, inserted: 2, run: { id: "R" } }));
    await syncMirror({
      baseUrl: server.url,
      apiKey: API_KEY,
      projectId: PROJECT_ID,
      logDirs: [pythonMirror()],
      adopt: true,
      logger: recordingLogger(),
    });
    const seeds = server.requests.map(({ path, text }) => [path.split("/").at(-2), text.split(SEED).length - 1]);
    expect(seeds.sort()).toEqual([
      ["evals", 1],
      ["metrics", 1],
      ["metrics", 1],
      ["predictions", 2],
      ["runs", 2],
    ]);
  });

  it("keep their digits in a patched document and in the readers", async () => {
    const logDir = pythonMirror();
    const client = offlineClient({ logDir });
    await client.updateRun("r-1", { status: "running" });
    expect(readFileSync(join(logDir, "generations", "r-1", "generation.json"), "utf8").split(SEED)).toHaveLength(3);
    expect(client.local.run("r-1")).toMatchObject({ seed: BigInt(SEED), status: "running" });
    expect((await collected(client.local.metrics("r-1")))[0]).toMatchObject({ metrics: { seed: BigInt(SEED) } });
  });

  it("are rejected when a caller passes them", async () => {
    const client = offlineClient();
    const error = await failureOf(() => client.updateRun("r-1", wrong({ seed: BigInt(SEED) })));
    expect(error).toMatchObject({ name: "EvsysValidationError", message: expect.stringContaining("seed") });
  });
});
