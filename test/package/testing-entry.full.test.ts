import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../support/children.js";
import { API_KEY, mockServer } from "../support/clients.js";
import { REPOSITORY } from "../support/folders.js";
import { projectWithPackage } from "../support/packed.js";

const STRICT = {
  target: "es2022",
  module: "nodenext",
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  types: [],
};

/** Tells the address of every module on stderr as it is loaded; those that are required, when the program ends. */
const TRACE = `import { createRequire, register } from "node:module";
const hooks = "export async function load(url, context, next) { process._rawDebug(url); return next(url, context); }";
register("data:text/javascript," + encodeURIComponent(hooks));
const { cache } = createRequire(import.meta.url);
process.on("exit", () => { for (const path of Object.keys(cache)) process._rawDebug(path); });
`;

const CLIENT = `import { DashboardClient } from "evsys-sdk";
const [baseUrl, apiKey, logDir] = process.argv.slice(2);
const client = new DashboardClient({ baseUrl, apiKey, logDir, projectId: "p" });
await client.withRun({ experiment_name: "traced" }, (run) => run.logStep(1, { loss: 0.5 }));
await client.close();
`;

const CONTRACT_TEST = `import { DashboardClient } from "evsys-sdk";
import { type Failure, type MockServer, type RecordedRequest, startMockServer } from "evsys-sdk/testing";

export async function main(logDir: string): Promise<string> {
  const told: string[] = [];
  const server: MockServer = await startMockServer({
    apiKey: "k",
    latencyMs: 1,
    maxBodyBytes: 1_000,
    honourIdempotencyKeys: true,
    onRequest: ({ path, end }) => told.push(\`\${end ?? "open"} \${path}\`),
  });
  const failure: Failure = { status: 503, afterCommit: true, match: (request: RecordedRequest) => request.path.endsWith("/metrics/") };
  server.failNext(failure);
  const client = new DashboardClient({ baseUrl: server.url, apiKey: "k", projectId: "p", logDir });
  await client.withRun({ experiment_name: "tested" }, (run) => run.logStep(1, { loss: 0.5 }));
  await client.close();
  const type: string | readonly string[] | undefined = server.requests[0]?.headers["content-type"];
  const steps: number[] = server.metrics.map(({ step }) => step);
  const status: "pending" | "running" | "completed" | "failed" | "cancelled" | undefined = server.runs[0]?.status;
  const repeats = server.requests.filter(({ repeated }) => repeated).length;
  await server.stop();
  return JSON.stringify({ type, steps, status, repeats, told: told.length });
}
`;

/** Statements, and what the compiler says of each. */
const EVERY_WRONG = [
  ["startMockServer({ prot: 1 })", "'prot' does not exist"],
  ['server.failNext({ status: "503" })', "not assignable to type 'number'"],
  ["server.metrics.push()", "'push' does not exist"],
  ["server.runs[0]?.status.nothing", "'nothing' does not exist"],
  ["server.requests[0]?.headers.host?.nothing", "'nothing' does not exist"],
] as const;

let folder = "";
let project = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "evsys-testing-entry-"));
  project = await projectWithPackage(folder, STRICT);
  writeFileSync(join(project, "trace.mjs"), TRACE);
  writeFileSync(join(project, "client.mjs"), CLIENT);
  writeFileSync(join(project, "contract-test.ts"), CONTRACT_TEST);
  const call = "await main(...process.argv.slice(2))";
  writeFileSync(join(project, "main.mjs"), `import { main } from "./contract-test.js";\nconsole.log(${call});\n`);
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tsc = (...args: string[]) =>
  run(process.execPath, [join(REPOSITORY, "node_modules", "typescript", "bin", "tsc"), "-p", ".", ...args], {
    cwd: project,
  }).ended;

/** Runs a program in another folder; returns its output and the modules that it loaded. */
async function traced(program: string, ...args: string[]) {
  const line = ["--import", join(project, "trace.mjs"), join(project, program), ...args];
  const { code, stdout, stderr } = await run(process.execPath, line, { cwd: tmpdir() }).ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return { stdout, loaded: stderr.split("\n") };
}

/** The text of the package's files among the loaded modules. */
function sources(loaded: readonly string[]): string {
  const files = loaded.filter((url) => url.startsWith("file:") && url.includes("/evsys-sdk/dist/"));
  return files.map((url) => readFileSync(new URL(url), "utf8")).join("\n");
}

const ofTests = (path: string) => /\/evsys-sdk\/dist\/src\/(testing|cli)\//.test(path);
/** What only the mock server's code says. */
const MOCK = "Every path ends in a slash.";

describe("the packed package", () => {
  it("does not load the mock server for a client", async () => {
    const server = await mockServer();
    const { loaded } = await traced("client.mjs", server.url, API_KEY, join(folder, "traced"));
    expect(server.metrics).toHaveLength(1);
    expect(loaded).toContainEqual(expect.stringContaining("/evsys-sdk/dist/src/index.js"));
    expect(loaded).toContainEqual(expect.stringMatching(/\/undici\//));
    expect(loaded.filter(ofTests)).toEqual([]);
    expect(sources(loaded)).not.toContain(MOCK);
  });

  it("exports the mock server as evsys-sdk/testing, with types that do not need those of Node", async () => {
    expect(await tsc()).toMatchObject({ code: 0, stdout: "" });
    const { stdout, loaded } = await traced("main.mjs", join(folder, "tested"));
    // Two creates, a row whose first response was lost, two patches.
    const expected = { type: "application/json", steps: [1], status: "completed", repeats: 1, told: 6 };
    expect(JSON.parse(stdout)).toEqual(expected);
    expect(loaded).toContainEqual(expect.stringContaining("/evsys-sdk/dist/src/testing/index.js"));
    expect(sources(loaded)).toContain(MOCK);
    expect(loaded.filter((path) => path.includes("/src/cli/"))).toEqual([]);
  });

  it("has types that reject invalid options and unknown members", async () => {
    const head = 'import { startMockServer } from "evsys-sdk/testing";\nconst server = await startMockServer();\n';
    writeFileSync(join(project, "wrong.ts"), head + EVERY_WRONG.map(([code]) => `${code};\n`).join(""));
    const { stdout } = await tsc("--noEmit");
    rmSync(join(project, "wrong.ts"));
    const problems = stdout.split("\n").filter((line) => line.startsWith("wrong.ts"));
    expect(problems).toEqual(
      EVERY_WRONG.map(([, message], at) => expect.stringMatching(`^wrong\\.ts\\(${at + 3},.*${message}`)),
    );
  });
});
