import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { cleanEnvironment, run } from "../support/children.js";
import { resolved } from "../support/document.js";
import { pathsBelow, REPOSITORY } from "../support/folders.js";
import { textsOf } from "../support/pages.js";
import { compiled, type Edit, newerDocument, npm, projectCopy, set, textOf } from "../support/project-copy.js";
import { always, rawServer } from "../support/servers.js";

const LONG = { timeout: 240_000 };
const DOCUMENT_NAME = "openapi/evsys-sdk.yaml";

const PAGE = "docs/schema-changes.md";
const [program = ""] = textsOf(PAGE, "typescript");
const [printed, errors = ""] = textsOf(PAGE, "text");

/** What the page says that the backend has changed. */
const CHANGES: readonly Edit[] = [
  set("RunCreate properties gpu_count", { type: "integer", description: "How many GPUs the run has." }),
  set("CheckpointCreate required", ["uri", "is_final", "step"]),
  set("Status enum", ["pending", "running", "completed", "failed"]),
];

/** A newer document in a copy of the project. */
function withNewer(copy: string, text: string, name = "newer.yaml"): string {
  writeFileSync(join(copy, name), text);
  return name;
}

const update = (copy: string, source: string) => npm(copy, "schema:update", "--", source);
const everything = (copy: string) =>
  ["openapi", "generated", "src"].flatMap((folder) =>
    pathsBelow(join(copy, folder))
      .filter((name) => /\.\w+$/.test(name))
      .map((name) => [`${folder}/${name}`, textOf(copy, `${folder}/${name}`)]),
  );

describe("the schema change described in the docs", () => {
  it("gives the documented output of commands and compiler, without an edit in src/", LONG, async () => {
    const copy = projectCopy();
    const sources = Object.fromEntries(everything(copy));
    const newer = withNewer(copy, newerDocument(...CHANGES));
    expect(await npm(copy, "schema:diff", "--", newer)).toMatchObject({ code: 2, stdout: printed });

    const { code, stdout, stderr } = await update(copy, newer);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(printed);
    expect(stdout).toMatch(
      /^wrote openapi\/evsys-sdk\.yaml\nwrote generated\/types\.ts, generated\/schemas\.ts, .*\nNext: /m,
    );
    const written = everything(copy).filter(([name = "", text]) => sources[name] !== text);
    const generated = ["openapi.json", "schemas.ts", "types.ts", "validators.js"].map((name) => `generated/${name}`);
    expect(written.map(([name]) => name).sort()).toEqual([...generated, DOCUMENT_NAME]);
    expect(textOf(copy, DOCUMENT_NAME)).toBe(textOf(copy, newer));
    expect(await npm(copy, "generate:check")).toMatchObject({ code: 0 });

    writeFileSync(join(copy, "train.ts"), program);
    expect(await compiled(copy, "src", "train.ts")).toBe(errors);

    const mended = program.replace('json" }', 'json", step: 1 }').replace("cancelled", "failed");
    writeFileSync(join(copy, "train.ts"), `${mended}console.log(run.gpu_count);\n`);
    expect(await compiled(copy, "train.ts")).toBe("");
    const options = {
      cwd: copy,
      env: cleanEnvironment({ EVSYS_OFFLINE: "1", TSX_TSCONFIG_PATH: "tsconfig.test.json" }),
    };
    const ran = await run(process.execPath, ["--import", "tsx", "train.ts"], options).ended;
    expect({ code: ran.code, stdout: ran.stdout }, ran.stderr).toEqual({ code: 0, stdout: "8\n" });
  });
});

describe("npm run schema:update", () => {
  it("needs no edit in src/ for new fields, newly required fields and removed values", LONG, async () => {
    const copy = projectCopy();
    const requests = ["ExperimentCreate", "ExperimentPatch", "RunCreate", "RunPatch", "StepMetric", "Prediction"];
    const rows = ["EvalCreate", "CheckpointCreate", "Prediction"];
    const responses = ["Entity", "ExperimentPatched", "RunPatched", "StepMetricLogged", "PredictionsLogged", "Problem"];
    const fields = (name: string) => Object.keys(resolved({ $ref: `#/components/schemas/${name}` }).properties ?? {});
    const edits = [
      ...[...requests, ...rows, ...responses].map((name) =>
        set(`${name} properties new_field`, { type: "integer", description: "New." }),
      ),
      ...["ExperimentCreate", "RunCreate", ...rows].map((name) => set(`${name} required`, fields(name))),
      set("Status enum", ["pending", "running", "completed", "failed", "paused"]),
      set("Split enum", ["train", "test"]),
    ];
    expect(await update(copy, withNewer(copy, newerDocument(...edits)))).toMatchObject({ code: 0, stderr: "" });
    expect(await compiled(copy, "src")).toBe("");
  });

  it("accepts a URL, and converts JSON to YAML", LONG, async () => {
    const copy = projectCopy();
    const newer: unknown = parse(newerDocument(...CHANGES));
    const server = await rawServer(always(200, Object(newer)));
    expect(await update(copy, `${server.url}/openapi.json`)).toMatchObject({ code: 0, stderr: "" });
    const text = textOf(copy, DOCUMENT_NAME);
    expect(text.startsWith("openapi: 3.1.0\n")).toBe(true);
    expect(parse(text)).toEqual(newer);
    expect(textOf(copy, "generated/types.ts")).toContain("gpu_count");
    expect(await npm(copy, "generate:check")).toMatchObject({ code: 0 });
  });

  const rejected: readonly (readonly [string, () => string, RegExp])[] = [
    [
      "that is no valid OpenAPI",
      () => newerDocument(set("RunCreate properties seed", { type: "whole", description: "x" })),
      /newer\.yaml breaks the rules of redocly\.yaml; openapi\/evsys-sdk\.yaml is unchanged\. Fix the schema.*\n\n.*seed|type.*whole/s,
    ],
    [
      "that refers to nothing",
      () => newerDocument(set("StepMetric properties split $ref", "#/components/schemas/Part")),
      /no-unresolved-refs +Can't resolve \$ref/,
    ],
    [
      "whose example does not fit",
      () => newerDocument(set("Status enum", ["pending"])),
      /no-invalid-media-type-examples/,
    ],
    ["that is none", () => "openapi: none\n", /newer\.yaml is OpenAPI none, and this project supports 3\.1\./],
  ];

  it.each(rejected)("rejects a schema %s, and changes nothing", async (_, text, message) => {
    const copy = projectCopy();
    const before = everything(copy);
    const { code, stdout, stderr } = await update(copy, withNewer(copy, text()));
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(everything(copy)).toEqual(before);
  });

  it("restores the old schema if generation fails", async () => {
    const copy = projectCopy();
    const before = everything(copy);
    writeFileSync(join(copy, "scripts", "generate.ts"), 'throw new Error("This generator is broken.");\n');
    const { code, stderr } = await update(copy, withNewer(copy, newerDocument(...CHANGES)));
    expect(code).toBe(3);
    expect(stderr).toContain("Nothing could be generated from newer.yaml; openapi/evsys-sdk.yaml is unchanged.");
    expect(stderr).toContain("This generator is broken.");
    expect(everything(copy)).toEqual(before);
  });

  it("requires one file or URL, and explains itself with --help", async () => {
    const without = await npm(REPOSITORY, "schema:update");
    expect(without.code).toBe(3);
    expect(without.stderr).toContain("Give one file or URL.\n\nnpm run schema:update -- FILE_OR_URL");
    expect(await npm(REPOSITORY, "schema:update", "--", "--help")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("the old schema and the generated\nfiles do not change."),
    });
  });
});
