import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { DOCUMENT_PATH } from "../support/document.js";
import { pathsBelow, REPOSITORY } from "../support/folders.js";
import { documentFile, type Edit, newerDocument, remove, schemaDiff, set } from "../support/project-copy.js";
import { always, rawServer } from "../support/servers.js";

const moved =
  (from: string, to: string): Edit =>
  (document) => {
    const value = document.getIn(from.split(" "));
    document.deleteIn(from.split(" "));
    document.setIn(to.split(" "), value);
  };

const BREAKING: readonly (readonly [Edit, string])[] = [
  [set("ExperimentCreate required", ["experiment_name", "plan"]), "ExperimentCreate: Properties of `ExperimentCreate`"],
  [set("Status enum", ["pending", "running", "completed", "failed"]), "Status: Enum of `status` lost values: 'canc"],
  [set("RunCreate properties dataset_id type", "integer"), "RunCreate.dataset_id: Type of `dataset_id` narrowed"],
  [set("RunCreate properties group_id maxLength", 36), "RunCreate.group_id: `maxLength` of `group_id` was set to"],
  [remove("CheckpointCreate properties label"), "CheckpointCreate.label: Property `label` of"],
  [set("RunPatch additionalProperties", false), "RunPatch: `additionalProperties` of `RunPatch` changed"],
  [set("RunPatched required", ["id"]), "RunPatched: Properties of `RunPatched` are no longer required: `patched`"],
  [set("ExperimentPatched properties experiment_id type", ["string", "null"]), "ExperimentPatched.experiment_id: Type"],
  [
    set(" components parameters IdempotencyKey required", true),
    "components.parameters.IdempotencyKey: `Idempotency-Key`",
  ],
  [set(" paths /sdk/runs/ post operationId", "newRun"), "POST /sdk/runs/: `operationId` of operation"],
  [
    remove(" paths /sdk/runs/{run_id}/evals/"),
    "/sdk/runs/{run_id}/evals/: Path `/sdk/runs/{run_id}/evals/` was removed",
  ],
  [moved("paths /sdk/runs/{run_id}/", "paths /sdk/runs/{id}/"), "/sdk/runs/{id}/: `key` changed from"],
  [moved("components schemas Split", "components schemas StepMetric properties split"), "Split: `Split` was removed."],
];

const ADDITIVE: readonly (readonly [Edit, string])[] = [
  [set("RunCreate properties gpu_count", { type: "integer" }), "RunCreate.gpu_count: `gpu_count` was added."],
  [set("EvalCreated properties url", { type: "string" }), "EvalCreated.url: `url` was added."],
  [set("Split enum", ["train", "val", "test", "dev"]), "Split: `enum` gained 'dev'."],
  [set("CheckpointCreate required", ["uri"]), "CheckpointCreate: `required` lost 'is_final'."],
  [set("PredictionsLogged properties seconds", { type: "number" }), "PredictionsLogged.seconds: `seconds` was added."],
  [remove("RunPatch minProperties"), "RunPatch: `minProperties` was removed."],
  [set("Unused", { type: "object" }), "Unused: `Unused` was added."],
  [set(" paths /sdk/runs/ get", { operationId: "runs", responses: {} }), "GET /sdk/runs/: `get` was added."],
];

const COSMETIC: readonly (readonly [Edit, string])[] = [
  [
    set("RunCreate properties seed description", "Other words."),
    "RunCreate.seed: `description` changed from 'The seed",
  ],
  [set("RunCreate properties seed deprecated", true), "RunCreate.seed: `deprecated` was set to true."],
  [set(" info version", "1.0.1"), "info: `version` changed from '1.0.0' to '1.0.1'."],
  [set(" components parameters RunId example", "r"), "components.parameters.RunId: `example` changed from"],
  [set(" tags 0 description", "Runs."), "tags.0: `description` changed from"],
  [set(" paths /sdk/runs/ post summary", "New"), "POST /sdk/runs/: `summary` changed from 'Create a run' to 'New'."],
];

/** The lines below a weight in what was printed. */
function linesOf(stdout: string, weight: string): string[] {
  const block = stdout.split("\n\n").find((each) => each.startsWith(`${weight}\n`)) ?? "";
  return block.trimEnd().split("\n").slice(1);
}

describe("npm run schema:diff", () => {
  const weights = [
    { weight: "breaking", changes: BREAKING, exit: 2 },
    { weight: "additive", changes: ADDITIVE, exit: 1 },
    { weight: "cosmetic", changes: COSMETIC, exit: 0 },
  ];

  it.each(weights)("recognizes a $weight change, and exits with $exit", async ({ weight, changes, exit }) => {
    const { code, stdout, stderr } = await schemaDiff(documentFile(newerDocument(...changes.map(([edit]) => edit))));
    const lines = linesOf(stdout, weight);
    for (const [, line] of changes) expect(lines.join("\n"), stderr).toContain(`  ${line}`);
    expect(code).toBe(exit);
    expect(lines).toHaveLength(changes.length);
    const others = weights.filter((other) => other.weight !== weight);
    expect(others.flatMap((other) => linesOf(stdout, other.weight))).toEqual([]);
  });

  it("exits with the most severe change, lists it first and counts all", async () => {
    const edits = [...COSMETIC.slice(0, 2), ...ADDITIVE.slice(0, 2), ...BREAKING.slice(0, 1)].map(([edit]) => edit);
    const { code, stdout } = await schemaDiff(documentFile(newerDocument(...edits)));
    expect(code).toBe(2);
    expect(stdout.match(/^\w+$/gm)).toEqual(["breaking", "additive", "cosmetic"]);
    expect(stdout).toMatch(/^1 breaking, 2 additive, 2 cosmetic\.$/m);
  });

  it("reports no change for another field order, inlined schemas or JSON instead of YAML", async () => {
    const reordered = newerDocument(
      (document) => {
        const fields = document.getIn(["components", "schemas", "RunCreate", "properties"]);
        if (typeof fields === "object" && fields !== null) Reflect.get(fields, "items").reverse();
      },
      set("StepMetric properties split", parse(readFileSync(DOCUMENT_PATH, "utf8")).components.schemas.Split),
    );
    const path = documentFile(JSON.stringify(parse(reordered)), "newer.json");
    expect(await schemaDiff(path)).toMatchObject({
      code: 0,
      stdout: `${path} changes nothing in openapi/evsys-sdk.yaml.\n`,
    });
  });

  it("accepts a URL", async () => {
    const server = await rawServer(always(200, parse(newerDocument(...ADDITIVE.map(([edit]) => edit)))));
    expect(await schemaDiff(`${server.url}/openapi.json`)).toMatchObject({ code: 1, stderr: "" });
    expect(server.requests.map(({ path }) => path)).toEqual(["/openapi.json"]);
  });

  it("writes nothing", async () => {
    const before = pathsBelow(join(REPOSITORY, "openapi"));
    const text = readFileSync(DOCUMENT_PATH, "utf8");
    await schemaDiff(documentFile(newerDocument(...BREAKING.map(([edit]) => edit))));
    expect(readFileSync(DOCUMENT_PATH, "utf8")).toBe(text);
    expect(pathsBelow(join(REPOSITORY, "openapi"))).toEqual(before);
  });

  it("explains the weights and exit codes with --help", async () => {
    const { code, stdout } = await schemaDiff("--help");
    expect(code).toBe(0);
    expect(stdout).toMatch(/breaking .*\n +additive .*\n +cosmetic /);
    expect(stdout).toContain("0 only cosmetic changes, 1 additive, 2 breaking, 3 wrong usage");
  });
});
