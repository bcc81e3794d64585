import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../support/children.js";
import { API_KEY, mockServer } from "../support/clients.js";
import { pathsBelow, REPOSITORY } from "../support/folders.js";
import { link, projectWithPackage } from "../support/packed.js";

const PROGRAM = `
import { DashboardClient, EvsysError, type DashboardClientOptions, type Logger, type SyncReport } from "evsys-sdk";

const silent = (): void => {};
const logger: Logger = { debug: silent, info: silent, warn: silent, error: silent };

export async function main(baseUrl: string, apiKey: string, logDir: string): Promise<string> {
  const maybe: string | undefined = baseUrl === "" ? undefined : "project-1";
  const options: DashboardClientOptions = { baseUrl, apiKey, logDir, logger, projectId: maybe, timeoutMs: undefined };
  const client = new DashboardClient(options);
  const runId = await client.withRun({ experiment_name: "packed", seed: null, tags: ["a"] }, async (run) => {
    await run.logStep(1, { loss: 0.5 }, { split: "val" });
    const checkpoint = await run.addCheckpoint({ uri: "u" });
    await run.logEval({ metrics: { accuracy: 1 }, checkpoint_id: checkpoint.id });
    await run.logPredictions([{ kind: "eval", instruction: "i", model_output: "o", expected: null }]);
    run.setBestScore(1);
    return run.runId;
  });
  try {
    await client.updateRun(runId, {});
  } catch (error) {
    if (!(error instanceof EvsysError)) throw error;
  }
  const steps: number[] = [];
  for await (const row of client.local.metrics(runId)) steps.push(row.step);
  const report: SyncReport = await client.close({ timeoutMs: undefined });
  return JSON.stringify({ steps, pending: report.pending, rejected: report.rejected });
}
`;

// What \`tsc --init\` sets, and the strictest of the rest.
const STRICT = {
  target: "es2022",
  module: "nodenext",
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  skipLibCheck: true,
  types: [],
};

let folder = "";
let project = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "evsys-package-"));
  project = await projectWithPackage(folder, STRICT);
  writeFileSync(join(project, "program.ts"), PROGRAM);
  const call = "await main(...process.argv.slice(2))";
  writeFileSync(join(project, "imports.mjs"), `import { main } from "./program.js";\nconsole.log(${call});\n`);
  writeFileSync(
    join(project, "requires.cjs"),
    `const { DashboardClient, EvsysAuthError } = require("evsys-sdk");
const [baseUrl, apiKey, logDir] = process.argv.slice(2);
const client = new DashboardClient({ baseUrl, apiKey, logDir, projectId: "p" });
client.createExperiment({ experiment_name: "required" }).then(async ({ id }) => {
  await client.close();
  console.log(JSON.stringify([typeof id, EvsysAuthError.name]));
});
`,
  );
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is read of package-lock.json; the first package is the project itself. */
interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
}

const tsc = (...args: string[]) =>
  run(process.execPath, [join(REPOSITORY, "node_modules", "typescript", "bin", "tsc"), "-p", ".", ...args], {
    cwd: project,
  }).ended;
const node = (...args: string[]) => run(process.execPath, args, { cwd: project }).ended;

describe("the packed package", () => {
  it("contains the build, the schema and the licence, but no sources, tests or scripts", () => {
    const installed = join(project, "node_modules", "evsys-sdk");
    const paths = pathsBelow(installed);
    const top = paths.filter((path) => !path.includes("/"));
    expect(top).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "dist", "openapi", "package.json"]);
    expect(paths.filter((path) => /^(dist|openapi)\/[^/]+$/.test(path))).toEqual([
      "dist/THIRD_PARTY_LICENSES.txt",
      "dist/src",
      "openapi/evsys-sdk.yaml",
    ]);
    expect(paths.filter((path) => /^dist\/src\/(?!(cli\/)?chunks\/).*\./.test(path))).toEqual([
      "dist/src/cli/main.js",
      "dist/src/cli/main.js.map",
      "dist/src/index.d.ts",
      "dist/src/index.js",
      "dist/src/index.js.map",
      "dist/src/testing/index.d.ts",
      "dist/src/testing/index.js",
      "dist/src/testing/index.js.map",
    ]);
    expect(paths.filter((path) => /^dist\/src\/.*\./.test(path) && !/\.(js|js\.map|d\.ts)$/.test(path))).toEqual([]);
    expect(paths.filter((path) => /(?<!\.d)\.ts$|\.test\./.test(path))).toEqual([]);
    const document = readFileSync(join(REPOSITORY, "openapi", "evsys-sdk.yaml"), "utf8");
    expect(readFileSync(join(installed, "openapi", "evsys-sdk.yaml"), "utf8")).toBe(document);
  });

  it("bundles zod with its licence, and has at most seven dependencies", () => {
    const installed = join(project, "node_modules", "evsys-sdk");
    const licences = readFileSync(join(installed, "dist", "THIRD_PARTY_LICENSES.txt"), "utf8");
    const { version } = JSON.parse(readFileSync(join(REPOSITORY, "node_modules", "zod", "package.json"), "utf8"));
    expect(licences).toContain(`zod ${version} (MIT)`);
    expect(licences).toContain("Copyright (c) 2025 Colin McDonnell");
    const javascript = pathsBelow(installed).filter((path) => path.endsWith(".js"));
    const code = javascript.map((path) => readFileSync(join(installed, path), "utf8")).join("\n");
    const bundled = [...code.matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)/gm)].map(([, name]) => name);
    expect(bundled).toContain("zod");
    for (const name of new Set(bundled)) expect(licences).toMatch(new RegExp(`^${name} \\d`, "m"));
    // Other locales would mean that the bundle includes unused code again.
    expect(code).not.toContain("Ungültige Eingabe");

    const { packages }: Lockfile = JSON.parse(readFileSync(join(REPOSITORY, "package-lock.json"), "utf8"));
    expect(Object.values(packages).filter(({ dev, devOptional }) => !dev && !devOptional).length).toBeLessThanOrEqual(
      8,
    );
  });

  it("has the same classes in every entry, and stack traces that name the sources", async () => {
    writeFileSync(
      join(project, "trace.mjs"),
      `import { DashboardClient, EvsysError } from "evsys-sdk";
import * as testing from "evsys-sdk/testing";
const server = await testing.startMockServer();
await server.stop();
try {
  new DashboardClient({ timeoutMs: -1 });
} catch (error) {
  console.log(JSON.stringify([error instanceof EvsysError, error.stack]));
}
`,
    );
    const { stdout, stderr, code } = await node("--enable-source-maps", "trace.mjs");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [isEvsysError, stack] = JSON.parse(stdout);
    expect(isEvsysError).toBe(true);
    expect(stack).toMatch(/DashboardClient.*src\/client\.ts:\d+/);
  });

  it("contains every file that its manifest names", () => {
    const installed = join(project, "node_modules", "evsys-sdk");
    const manifest: Record<string, unknown> = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    const { exports, bin, main, types } = manifest;
    const text = JSON.stringify({ exports, bin, main, types });
    const named = [...text.matchAll(/:"\.\/([^"*]+)"/g)].map(([, path = ""]) => path);
    expect(named).toContain("dist/src/index.js");
    expect(named.filter((path) => !existsSync(join(installed, path)))).toEqual([]);
  });

  it("compiles in an empty strict project, and runs with import", async () => {
    expect(await tsc()).toMatchObject({ code: 0, stdout: "" });
    const server = await mockServer();
    const { stdout, stderr, code } = await node("imports.mjs", server.url, API_KEY, join(folder, "imported"));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({ steps: [1], pending: 0, rejected: 0 });
    expect(server.runs).toMatchObject([{ status: "completed", summary: { best_score: 1 } }]);
    expect(server.metrics).toHaveLength(1);
    expect(server.evals).toMatchObject([{ checkpoint_id: server.checkpoints[0]?.id }]);
    expect(existsSync(join(folder, "imported", "experiments"))).toBe(true);
  });

  it("compiles with library checks", async () => {
    link(project, "@types/node");
    const { code, stdout } = await tsc("--skipLibCheck", "false", "--types", "node", "--noEmit");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  });

  it("has types that reject invalid code", async () => {
    writeFileSync(
      join(project, "wrong.ts"),
      `import { DashboardClient } from "evsys-sdk";
export const call = () => new DashboardClient().createRun({ experiment_id: "e", sed: 1 });
`,
    );
    const { code, stdout } = await tsc("--noEmit");
    rmSync(join(project, "wrong.ts"));
    expect(code).not.toBe(0);
    expect(stdout).toMatch(/wrong\.ts.*'sed'/);
  });

  it("runs with require", async () => {
    const server = await mockServer();
    const { stdout, stderr, code } = await node("requires.cjs", server.url, API_KEY, join(folder, "required"));
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(JSON.parse(stdout)).toEqual(["string", "EvsysAuthError"]);
    expect(server.experiments).toMatchObject([{ experiment_name: "required" }]);
  });

  it("loads undici, also Node's own, only when the first write is sent", async () => {
    const server = await mockServer();
    writeFileSync(
      join(project, "loads.mjs"),
      `import { createRequire } from "node:module";
import { DashboardClient } from "evsys-sdk";
const { cache } = createRequire(import.meta.url);
const loaded = (name) =>
  [...Object.keys(cache), ...process.moduleLoadList].some((path) => path.includes(\`/\${name}/\`));
const [baseUrl, apiKey, logDir] = process.argv.slice(2);
const offline = new DashboardClient({ offline: true, logDir });
await offline.createExperiment({ experiment_name: "x" });
const before = loaded("undici");
const client = new DashboardClient({ baseUrl, apiKey, logDir, projectId: "p" });
await client.createExperiment({ experiment_name: "x" });
console.log(JSON.stringify([before, loaded("undici")]));
process.exit();
`,
    );
    const { stdout, stderr, code } = await node("loads.mjs", server.url, API_KEY, join(folder, "loaded"));
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(JSON.parse(stdout)).toEqual([false, true]);
  });
});
