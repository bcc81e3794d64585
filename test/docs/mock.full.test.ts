import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { commands } from "../../src/cli/commands.js";
import { cleanEnvironment, run } from "../support/children.js";
import { REPOSITORY, temporaryFolder } from "../support/folders.js";
import { installedPackage, link } from "../support/packed.js";
import { pageText, textsOf } from "../support/pages.js";
import { until } from "../support/until.js";

const PAGE = "docs/testing.md";
const BIN = join(REPOSITORY, "node_modules");
const hasCurl = spawnSync("curl", ["--version"]).status === 0;

let installed = "";

/** A built package that is installed in an empty project, beside vitest. */
function project(): string {
  const path = temporaryFolder();
  mkdirSync(join(path, "node_modules"));
  symlinkSync(installed, join(path, "node_modules", "evsys-sdk"));
  for (const name of ["vitest", "@types/node"]) link(path, name);
  writeFileSync(join(path, "package.json"), JSON.stringify({ private: true, type: "module" }));
  return path;
}

beforeAll(async () => {
  installed = await installedPackage();
}, 180_000);

/** Starts vitest twice. */
const LIMIT = { timeout: 60_000 };

describe("docs on the mock server", LIMIT, () => {
  it("have an outage test that passes, and that fails if rows are lost", async () => {
    const [code = "", ...others] = textsOf(PAGE, "ts vitest");
    expect(others).toEqual([]);
    const cwd = project();
    writeFileSync(join(cwd, "outage.test.ts"), code);
    // Its mirror is to go with the project.
    const env = cleanEnvironment({ NO_COLOR: "1", TMPDIR: cwd });
    const vitest = () =>
      run(process.execPath, [join(BIN, "vitest/vitest.mjs"), "run", "--testTimeout=30000"], { cwd, env }).ended;
    const passed = await vitest();
    expect(passed).toMatchObject({ code: 0 });
    expect(passed.stdout).toMatch(/Tests +1 passed/);

    writeFileSync(join(cwd, "outage.test.ts"), code.replace("times: 3", "times: Infinity"));
    expect((await vitest()).stdout).toMatch(/Tests +1 failed/);
  });

  it.skipIf(!hasCurl)("contain commands that work, with the output that they print", async () => {
    const [command = "", calls = "", ...others] = textsOf(PAGE, "sh");
    expect(others).toEqual([]);
    expect(command).toBe("npx evsys-sdk mock\n");
    // As printed but for the port, which may be taken.
    const main = join(installed, "dist", "src", "cli", "main.js");
    const mock = run(process.execPath, [main, "mock", "--port", "0"]);
    await until(() => /EVSYS_PROJECT_ID=.*\n\n/.test(mock.stdout()) || mock.process.exitCode !== null);
    const port = /localhost:(\d+)/.exec(mock.stdout())?.[1] ?? "";
    const called = await run("bash", ["-ec", calls.replaceAll("localhost:8000", `localhost:${port}`)]).ended;
    expect(called).toMatchObject({ code: 0 });
    mock.process.kill("SIGINT");
    const { stdout, stderr, code } = await mock.ended;
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });

    const [printed = ""] = textsOf(PAGE, "text");
    const plain = (text: string) => text.replaceAll(port, "8000").replaceAll(/\d+ ms/g, "1 ms");
    expect(plain(stdout)).toBe(plain(printed));
    const refusal = /`(\{"detail":.*?\})`/.exec(pageText(PAGE))?.[1];
    expect(called.stdout).toMatch(/^(\{"experiment":\{"id":"[^"]+",.*?\}\})\1\{"detail"/);
    expect(called.stdout).toContain(refusal);
  });

  it("list every option of the server, its failures and the command", () => {
    const options = (path: string, name: string) => {
      const text = readFileSync(join(REPOSITORY, path), "utf8");
      const body = new RegExp(`^export interface ${name}\\b.*?\\{\\n(.*?)^\\}`, "ms").exec(text)?.[1] ?? "";
      return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, option = ""]) => option);
    };
    const named = [
      ...options("src/testing/mock-server.ts", "MockServerOptions"),
      ...options("src/testing/failures.ts", "Failure"),
    ];
    expect(named).toEqual(expect.arrayContaining(["latencyMs", "onRequest", "afterCommit", "headers"]));
    for (const option of named) expect(pageText(PAGE)).toMatch(new RegExp(`\`${option}[\`(]`));
    const flags = Object.keys(commands.mock.options).filter((name) => name !== "help");
    for (const flag of flags) expect(pageText(PAGE)).toContain(`\`--${flag}`);
  });
});
