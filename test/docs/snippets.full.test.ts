import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startMockServer } from "../../src/testing/index.js";
import { temporaryFolder } from "../support/folders.js";
import { installedPackage } from "../support/packed.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const run = promisify(execFile);

/** The fenced blocks of a language, in their order. */
function blocks(language: string): string[] {
  return [...README.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, code = ""]) => code);
}

const scripts = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).scripts;
const programs = blocks("ts").map((code) => [code.split("\n").find((line) => !/^import|^$/.test(line)) ?? code, code]);
const commands = blocks("sh").flatMap((block) => block.trim().split("\n"));
let packageFolder: string;

/** An empty project that has the built package installed. */
function project(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  symlinkSync(packageFolder, join(folder, "node_modules", "evsys-sdk"));
  return folder;
}

async function backend() {
  const server = await startMockServer({ apiKey: "key-of-the-readme" });
  onTestFinished(() => server.stop());
  const environment = {
    PATH: process.env.PATH,
    EVSYS_API_URL: server.url,
    EVSYS_API_KEY: "key-of-the-readme",
    EVSYS_PROJECT_ID: "p",
  };
  return { server, environment };
}

beforeAll(async () => {
  packageFolder = await installedPackage();
}, 180_000);

describe("the README", () => {
  it.each(programs)("runs as printed: %s", async (_, code) => {
    const { server, environment } = await backend();
    const folder = project();
    mkdirSync(join(folder, "evsys_sdk"));
    writeFileSync(join(folder, "train.mjs"), code);
    const { stderr } = await run(process.execPath, ["train.mjs"], { cwd: folder, env: environment });
    expect(stderr.replace(/^\[evsys-sdk\] 1 write is in the mirror.*\n/, "")).toBe("");
    expect(server.requests.every(({ status }) => status !== undefined && status !== 400)).toBe(true);
  });

  it("has its first program run without a backend too", async () => {
    const folder = project();
    writeFileSync(join(folder, "train.mjs"), programs[0]?.[1] ?? "");
    const env = { PATH: process.env.PATH, EVSYS_OFFLINE: "1" };
    const { stderr } = await run(process.execPath, ["train.mjs"], { cwd: folder, env });
    expect(stderr).toContain("npx evsys-sdk sync");
    const { server, environment } = await backend();
    const sync = [join(packageFolder, "dist/src/cli/main.js"), "sync"];
    await run(process.execPath, sync, { cwd: folder, env: environment });
    expect(server.metrics).toHaveLength(100);
    expect(server.runs).toMatchObject([{ status: "completed", seed: 42 }]);
  });

  const ending = commands.filter((line) => /^npx evsys-sdk (?!mock\b)/.test(line));
  it.each(ending)("has a command that runs: %s", async (line) => {
    const folder = project();
    const { environment } = await backend();
    mkdirSync(join(folder, "evsys_sdk"));
    const main = join(packageFolder, "dist/src/cli/main.js");
    await run(process.execPath, [main, ...line.split(" ").slice(2)], { cwd: folder, env: environment });
  });

  it("names no npm script that is not there", () => {
    const named = [...README.matchAll(/npm (?:run )?((?:test|demo|generate|typecheck|bench|lint)[\w:]*)/g)].map(
      ([, name]) => name,
    );
    expect(named).toEqual(expect.arrayContaining(["demo", "test", "generate", "generate:check"]));
    expect(named.filter((name) => !(String(name) in scripts))).toEqual([]);
  });

  it("has a table of all options", async () => {
    const options = readFileSync(join(ROOT, "src/config.ts"), "utf8").match(/^ {2}readonly (\w+)\?:/gm) ?? [];
    expect(options.length).toBeGreaterThan(10);
    for (const option of options) expect(README).toContain(`| \`${option.replace(/^ +readonly |\?:$/g, "")}\` |`);
  });
});
