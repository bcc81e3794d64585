import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { REPOSITORY } from "./folders.js";

const SHARED = join(REPOSITORY, "..", "shared", "python-mirror");

export const EXPERIMENT_ID = "ef7a685f-6ffa-4c40-8055-a18eb9c8499c";
export const FAILED_RUN_ID = "0e2e7605-8c47-42c3-8832-4e7106bf85a6";
export const EVALUATED_RUN_ID = "63fbaf20-56ff-4884-9873-cb51b52602cc";
export const GROUPS = "experiments/b8aed3f9-b575-4ffd-b66e-f4146757ce8f/groups.jsonl";

const RUN_CONFIG = {
  name: "base",
  data: { source_kind: "in_memory", dataset_id: null, rows: [{ q: "Q", a: "A" }], transforms: [] },
  model: { name: "m", load_checkpoint_path: null },
  eval: { enabled: true, inference: null },
  seed: 42,
};

/** Documents and rows in the Python client's format: key order, float times, nested nulls, spaces. */
const FILES: Readonly<Record<string, string>> = {
  [GROUPS]: '{"id": "697d1aa9-5885-47c8-be63-36e5b335a445", "name": "base"}\n',
  [`generations/${EVALUATED_RUN_ID}/evals.jsonl`]:
    '{"id": "c5e7b3c9-5a67-4864-a37f-11a93cdb6470", "metrics": {"mean_reward": 1.0, "pass_rate": 1.0, "n_tasks": 2.0}}\n',
  ...experiment("b8aed3f9-b575-4ffd-b66e-f4146757ce8f", 1781662341.1232011, {
    experiment_name: "x",
    status: "completed",
  }),
  ...experiment("6727cc28-a450-4309-8ae5-168693001d62", 1781662341.079534, {
    experiment_name: "single",
    hypothesis: "h",
    status: "failed",
    conclusion: "All 1 arms failed.",
  }),
  ...experiment(EXPERIMENT_ID, 1781662341.103819, {
    experiment_name: "single",
    hypothesis: "h",
    status: "completed",
    conclusion: "1/1 arms completed.",
  }),
  ...run(FAILED_RUN_ID, 1781662341.079974, {
    experiment_id: "6727cc28-a450-4309-8ae5-168693001d62",
    seed: 42,
    run_config: RUN_CONFIG,
    status: "failed",
    error_message: "RuntimeError: train_fn returned no results for arm 'base'",
  }),
  ...run(EVALUATED_RUN_ID, 1781662341.104244, {
    experiment_id: EXPERIMENT_ID,
    seed: 42,
    run_config: RUN_CONFIG,
    status: "completed",
  }),
  ...run("98ba71ae-235b-4937-a5e1-a18a3dd9fe25", 1781662341.124663, {
    experiment_id: "b8aed3f9-b575-4ffd-b66e-f4146757ce8f",
    group_id: "697d1aa9-5885-47c8-be63-36e5b335a445",
    seed: 18,
    run_config: RUN_CONFIG,
    status: "completed",
  }),
};

/** Mirrors of the Python client: a fixture, and a real one if it is available. */
export const PYTHON_MIRRORS: readonly { readonly name: string; readonly copyTo: (folder: string) => void }[] = [
  { name: "in the format of the Python client", copyTo: writeFixture },
  ...(existsSync(SHARED) ? [{ name: "by the Python client", copyTo: copyShared }] : []),
];

function copyShared(folder: string): void {
  for (const name of ["experiments", "generations"])
    cpSync(join(SHARED, name), join(folder, name), { recursive: true });
}

function writeFixture(folder: string): void {
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

function experiment(id: string, at: number, fields: object): Record<string, string> {
  return { [`experiments/${id}/experiment.json`]: document(id, at, fields) };
}

function run(id: string, at: number, fields: object): Record<string, string> {
  return { [`generations/${id}/generation.json`]: document(id, at, fields) };
}

function document(id: string, at: number, fields: object): string {
  return JSON.stringify({ id, _created_at: at, ...fields, _updated_at: at + 0.001 }, null, 2);
}
