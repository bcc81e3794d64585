import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../support/children.js";
import { REPOSITORY, temporaryFolder } from "../support/folders.js";

/** A copy of what the generator reads and writes, and of what is compiled against it. */
function copyOfRepository(): string {
  const copy = temporaryFolder();
  for (const name of ["openapi", "scripts", "generated", "src", "package.json", "tsconfig.json"]) {
    cpSync(join(REPOSITORY, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(REPOSITORY, "node_modules"), join(copy, "node_modules"));
  return copy;
}

function edit(copy: string, name: string, change: (text: string) => string): void {
  const before = readFileSync(join(copy, name), "utf8");
  const after = change(before);
  if (after === before) throw new Error(`Nothing was changed in ${name}`);
  writeFileSync(join(copy, name), after);
}

const npm = (cwd: string, ...script: string[]) => run("npm", ["run", "--silent", ...script], { cwd }).ended;
const generated = (copy: string, name: string) => readFileSync(join(copy, "generated", name), "utf8");

const NEW_FIELD = `        gpu_count:
          type: integer
          description: How many GPUs the run has.
`;
const withNewField = (document: string): string =>
  document.replace(/( {4}RunCreate:\n[\s\S]*?\n {6}properties:\n)/, (start: string) => start + NEW_FIELD);

describe("npm run generate:check", () => {
  it("passes: generated/ matches the schema", async () => {
    const { code, stdout, stderr } = await npm(REPOSITORY, "generate:check");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain("types.ts");
    expect(stdout).toContain("schemas.ts");
  });

  it("fails and names both files if the schema has changed, and writes nothing", async () => {
    const copy = copyOfRepository();
    edit(copy, "openapi/evsys-sdk.yaml", withNewField);
    const before = generated(copy, "types.ts");
    const { code, stdout, stderr } = await npm(copy, "generate:check");
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain("generated/types.ts");
    expect(stdout + stderr).toContain("generated/schemas.ts");
    expect(generated(copy, "types.ts")).toBe(before);
  });

  it("fails and names only files that were edited by hand or that no generator writes", async () => {
    const copy = copyOfRepository();
    edit(copy, "generated/schemas.ts", (text) => text.replace("experiment_name", "experiment_names"));
    writeFileSync(join(copy, "generated", "extra.ts"), "export {};\n");
    const { code, stdout, stderr } = await npm(copy, "generate:check");
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain("generated/schemas.ts");
    expect(stdout + stderr).toContain("generated/extra.ts");
    expect(stdout + stderr).not.toContain("generated/types.ts");
  });
});

describe("npm run generate", () => {
  it("writes the same files for the same schema, with a header that names the source and the command", async () => {
    const copy = copyOfRepository();
    expect((await npm(copy, "generate")).code).toBe(0);
    for (const name of ["types.ts", "schemas.ts"]) {
      expect(generated(copy, name)).toBe(readFileSync(join(REPOSITORY, "generated", name), "utf8"));
      const [header] = generated(copy, name).split("\n");
      expect(header).toContain("openapi/evsys-sdk.yaml");
      expect(header).toContain("npm run generate");
    }
  });

  it("adds a new schema field to the type and the validation of createRun, without an edit in src/", {
    timeout: 180_000,
  }, async () => {
    const copy = copyOfRepository();
    writeFileSync(
      join(copy, "src", "uses-the-field.ts"),
      `import { DashboardClient } from "./index.js";
const client = new DashboardClient({ offline: true, logDir: process.argv[2] });
const run = await client.createRun({ experiment_id: "e", gpu_count: 8 });
// @ts-expect-error: no field of the document, and so no field of the type
const unknown = await client.createRun({ experiment_id: "e", gpu_counts: 8 }).catch((error) => error.name);
const wrong = await client.createRun({ experiment_id: "e", gpu_count: 1.5 }).catch((error) => error.message);
console.log(JSON.stringify([run.gpu_count, unknown, wrong]));
`,
    );
    const compiler = { extends: "./tsconfig.json", include: ["src/uses-the-field.ts"] };
    writeFileSync(join(copy, "tsconfig.field.json"), JSON.stringify(compiler));
    edit(copy, "openapi/evsys-sdk.yaml", withNewField);
    expect((await npm(copy, "generate")).code).toBe(0);
    const compiled = run("node_modules/.bin/tsc", ["-p", "tsconfig.field.json"], { cwd: copy });
    expect(await compiled.ended).toMatchObject({ code: 0, stdout: "" });

    const args = ["--import", "tsx", "src/uses-the-field.ts", join(copy, "mirror")];
    const { stdout, stderr, code } = await run(process.execPath, args, { cwd: copy }).ended;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(JSON.parse(stdout)).toEqual([8, "EvsysValidationError", expect.stringMatching(/gpu_count: .*1\.5/)]);
  });
});
