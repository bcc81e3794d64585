import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MockServer, startMockServer } from "../../src/testing/index.js";
import { cleanEnvironment, run } from "../support/children.js";
import { connection } from "../support/cli.js";
import { API_KEY, mockServer } from "../support/clients.js";
import { FIRST_EXAMPLE } from "../support/first-example.js";
import { temporaryFolder } from "../support/folders.js";
import { installedPackage, link } from "../support/packed.js";
import { blocksOf, PAGES, textsOf } from "../support/pages.js";

const execute = promisify(execFile);
const RUNNER = join(import.meta.dirname, "programs", "run-snippets.mjs");
const named = PAGES.flatMap(blocksOf).map((block) => ({ ...block, name: `${block.page}:${block.line}` }));
const programs = named.filter(({ mark }) => mark === "ts");
/** Those for test runners are run by other tests. */
const tests = named.filter(({ mark }) => mark.startsWith("ts "));

/** What one program has printed. */
interface Printed {
  readonly stdout: string;
  readonly stderr: string;
  readonly error: string;
}

let folder = "";
let errors: readonly string[] = [];
let printed: readonly Printed[] = [];
let server: MockServer;

/** An empty project that has the built package installed. */
async function project(path: string): Promise<string> {
  mkdirSync(join(path, "node_modules"), { recursive: true });
  symlinkSync(await installedPackage(), join(path, "node_modules", "evsys-sdk"));
  writeFileSync(join(path, "package.json"), JSON.stringify({ private: true, type: "module" }));
  return path;
}

/** Compiles programs with the settings that docs/runtimes.md names. Returns what is wrong with them. */
function compile(files: readonly string[]): string[] {
  const [settings = "{}"] = textsOf("docs/runtimes.md", "json tsconfig");
  const { options } = ts.parseJsonConfigFileContent(JSON.parse(settings), ts.sys, folder);
  const program = ts.createProgram(files, { ...options, skipLibCheck: true, types: ["node"] });
  const { diagnostics } = program.emit();
  return ts
    .sortAndDeduplicateDiagnostics([...ts.getPreEmitDiagnostics(program), ...diagnostics])
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
}

beforeAll(async () => {
  folder = await project(mkdtempSync(join(tmpdir(), "evsys-snippets-")));
  link(folder, "@types/node");
  link(folder, "vitest");
  const files = [...programs, ...tests].map(({ text }, at) => {
    const file = join(folder, `program-${at}`);
    writeFileSync(`${file}.ts`, text);
    return file;
  });
  errors = compile(files.map((file) => `${file}.ts`));
  server = await startMockServer({ apiKey: API_KEY });
  const env = cleanEnvironment(connection(server));
  const { stdout } = await execute(
    process.execPath,
    [RUNNER, ...files.slice(0, programs.length).map((file) => `${file}.js`)],
    { env },
  );
  printed = JSON.parse(stdout);
}, 180_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("the programs in the documentation", () => {
  it("compile", () => {
    const all = [...programs, ...tests];
    expect(errors.map((error) => error.replace(/.*program-(\d+)\.ts/, (_, at) => all[at]?.name ?? ""))).toEqual([]);
  });

  it.each(programs.map((each, at) => ({ ...each, at })))("run: $name", ({ page, at }) => {
    const { stderr = "", error } = printed[at] ?? {};
    expect(error).toBe("");
    // What is logged has to stand on the page.
    const unsaid = stderr.split("\n").filter((line) => !textsOf(page, "text").join("").includes(line));
    expect(unsaid).toEqual([]);
  });

  it.each(programs.map((each, at) => ({ ...each, at })))("print the documented output: $name", ({ text, at }) => {
    // `console.log(steps); // 30`
    const said = [...text.matchAll(/console\.log\(.*\);.* \/\/ (.+)$/gm)].map(([, line = ""]) => line);
    const lines = (printed[at]?.stdout ?? "").split("\n");
    const fits = (line: string, pattern: string) =>
      line === pattern || (pattern.endsWith("…") && line.startsWith(pattern.slice(0, -1)));
    const missing = said.filter((pattern) => !lines.some((line) => fits(line, pattern)));
    expect(missing, `printed: ${lines.join("\n")}`).toEqual([]);
  });

  it("send nothing that violates the schema", () => {
    expect(server.requests.length).toBeGreaterThan(1000);
    expect(server.requests.filter(({ status }) => status === undefined || status === 400)).toEqual([]);
  });
});

describe("the first program of the README", () => {
  const plain = (text: string) =>
    text
      .replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, "ID")
      .replaceAll(/\d{4}-.*? UTC/g, "TIME")
      .replaceAll(/[\d.]+ s,/g, "DURATION,");

  it("runs without a backend, prints the documented line, and is sent by the documented command", async () => {
    const path = await project(temporaryFolder());
    writeFileSync(join(path, "train.mjs"), FIRST_EXAMPLE);
    const env = cleanEnvironment({ EVSYS_OFFLINE: "1" });
    const trained = await run(process.execPath, ["train.mjs"], { cwd: path, env }).ended;
    const [line = ""] = textsOf("README.md", "text");
    expect(trained).toMatchObject({ code: 0, stderr: line.replace("/home/me/project", path) });

    const main = join(path, "node_modules/evsys-sdk/dist/src/cli/main.js");
    const [status = ""] = textsOf("docs/status.md", "text");
    const shown = await run(process.execPath, [main, "status"], { cwd: path, env: cleanEnvironment() }).ended;
    expect(plain(shown.stdout).replaceAll(path, "/home/me/project")).toBe(plain(status));

    const backend = await mockServer();
    const sync = [main, "sync"];
    const synced = await run(process.execPath, sync, { cwd: path, env: cleanEnvironment(connection(backend)) }).ended;
    expect(synced).toMatchObject({ code: 0, stderr: "" });
    expect(backend.metrics).toHaveLength(100);
    expect(backend.runs).toMatchObject([{ status: "completed", seed: 42 }]);
  });
});
