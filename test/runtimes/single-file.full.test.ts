import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../support/children.js";
import { expectFirstExample, FIRST_EXAMPLE } from "../support/first-example.js";
import { temporaryFolder } from "../support/folders.js";
import { projectWithPackage } from "../support/packed.js";

/** Only CommonJS has no top-level await. */
const wrapped = (program: string) => program.replace(/^(?!import)(.*)/ms, "(async () => {$1})();");

const WITH_MOCK = `import { DashboardClient, EvsysAuthError, EvsysError } from "evsys-sdk";
import { startMockServer } from "evsys-sdk/testing";

async function main() {
  const server = await startMockServer({ apiKey: "k" });
  const client = new DashboardClient({ baseUrl: server.url, apiKey: "k", projectId: "p" });
  await client.withRun({ experiment_name: "bundled" }, (run) => run.logStep(1, { loss: 0.5 }));
  const { pending } = await client.close();
  const [run] = server.runs;
  await server.stop();
  console.log(JSON.stringify([run.status, pending, EvsysAuthError.prototype instanceof EvsysError]));
}
main();
`;

let folder = "";
let project = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "evsys-single-file-"));
  project = await projectWithPackage(folder);
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bundles a program into one file, in a folder without node_modules. */
async function bundled(program: string, format: "esm" | "cjs"): Promise<{ path: string; cwd: string }> {
  const cwd = temporaryFolder();
  const path = join(cwd, format === "esm" ? "program.mjs" : "program.cjs");
  const entry = join(project, "program.mjs");
  writeFileSync(entry, program);
  const { warnings } = await build({
    entryPoints: [entry],
    outfile: path,
    bundle: true,
    platform: "node",
    format,
    logLevel: "silent",
  });
  expect(warnings).toEqual([]);
  return { path, cwd };
}

describe.each(["esm", "cjs"] as const)("a program bundled into one file, %s", (format) => {
  it("runs the README's first example", async () => {
    const { path, cwd } = await bundled(format === "esm" ? FIRST_EXAMPLE : wrapped(FIRST_EXAMPLE), format);
    const { stderr } = await expectFirstExample({ command: process.execPath, args: [path], cwd });
    expect(stderr).toBe("");
  });

  it("runs the mock server", async () => {
    const { path, cwd } = await bundled(WITH_MOCK, format);
    const { code, stdout, stderr } = await run(process.execPath, [path], { cwd }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual(["completed", 0, true]);
  });

  it("reads no file of the package", async () => {
    const { path } = await bundled(WITH_MOCK, format);
    expect(readFileSync(path, "utf8")).not.toMatch(/import_meta\.url|import\.meta\.(url|dirname|filename)/);
  });
});
