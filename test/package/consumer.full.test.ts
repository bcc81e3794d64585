import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../support/children.js";
import { temporaryFolder } from "../support/folders.js";
import { link, projectWithPackage } from "../support/packed.js";
import { compilers, nodes } from "../support/toolchains.js";

/** Both entries, with what a user's own types make of them. */
const PROGRAM = `import {
  DashboardClient,
  DashboardClientError,
  type DashboardClientOptions,
  type ExperimentRun,
  type Fetch,
  type StepMetric,
  type SyncReport,
  syncMirror,
} from "evsys-sdk";
import { type MockServer, startMockServer } from "evsys-sdk/testing";

const own: Fetch = (url, init) => fetch(url, init);

async function trained(run: ExperimentRun): Promise<string> {
  await run.logStep(1, { loss: 0.5 }, { split: "val" });
  const { id: checkpoint_id } = await run.addCheckpoint({ uri: "s3://bucket/1", step: 1 });
  await run.logEval({ metrics: { accuracy: 1 }, checkpoint_id });
  await run.logPredictions([{ kind: "rollout", instruction: "i", model_output: "o", reward: null, expected: { any: [1] } }]);
  return run.runId;
}

export async function main(logDir: string): Promise<string> {
  const server: MockServer = await startMockServer({ apiKey: "k" });
  const options: DashboardClientOptions = { baseUrl: server.url, apiKey: "k", projectId: "p", logDir, timeoutMs: undefined };
  const client = new DashboardClient(options);
  const runId: string = await client.withRun({ experiment_name: "consumer", seed: null, tags: ["a"] }, trained);
  const status: number | undefined = await client.createRun({ experiment_id: "unknown" }).then(
    () => undefined,
    (error: unknown) => (error instanceof DashboardClientError ? error.status : undefined),
  );
  const rows: StepMetric[] = [];
  for await (const row of client.local.metrics(runId)) rows.push(row);
  const report: SyncReport = await client.close();
  const { logDir: _, ...connection } = options;
  const { pending, byKind } = await syncMirror({ ...connection, logDirs: [logDir], fetch: own, dryRun: true });
  const steps: readonly number[] = server.metrics.map(({ step }) => step);
  await server.stop();
  return JSON.stringify({ status, rows, delivered: report.byKind.metrics.delivered, pending, of: byKind.patches.pending, steps });
}
`;

const STRICT = {
  target: "es2022",
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  skipLibCheck: false,
  types: ["node"],
};
const RESOLUTIONS = [
  ["nodenext", ["--noEmit"]],
  ["bundler", ["--module", "esnext", "--moduleResolution", "bundler", "--noEmit"]],
] as const;

let folder = "";
let project = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "evsys-consumer-"));
  project = await projectWithPackage(folder, { ...STRICT, module: "nodenext" });
  link(project, "@types/node");
  writeFileSync(join(project, "program.ts"), PROGRAM);
  const { outputText } = ts.transpileModule(PROGRAM, { compilerOptions: { target: ts.ScriptTarget.ES2022 } });
  writeFileSync(join(project, "program.js"), outputText);
  const call = "console.log(await main(process.argv[2]))";
  writeFileSync(join(project, "main.mjs"), `import { main } from "./program.js";\n${call};\n`);
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(compilers())("typescript $version", ({ path }) => {
  it.each(RESOLUTIONS)("compiles a strict program that uses both entries, with library checks, %s", async (_, more) => {
    const { code, stdout } = await run(process.execPath, [path, "-p", ".", ...more], { cwd: project }).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  });
});

describe.each(nodes())("node $version", ({ path }) => {
  it("runs the packed package with both entries", async () => {
    const logDir = join(temporaryFolder(), "mirror");
    const { code, stdout, stderr } = await run(path, ["main.mjs", logDir], { cwd: project }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({
      status: 404,
      rows: [{ step: 1, split: "val", metrics: { loss: 0.5 } }],
      delivered: 1,
      pending: 0,
      of: 0,
      steps: [1],
    });
  });

  it("runs the command", async () => {
    const command = join(project, "node_modules", "evsys-sdk", "dist", "src", "cli", "main.js");
    const { code, stdout, stderr } = await run(path, [command, "--version"], { cwd: project }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+/);
  });
});
