import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startMockServer } from "../../src/testing/index.js";
import { cleanEnvironment, run } from "../support/children.js";
import { connection } from "../support/cli.js";
import { API_KEY, offlineClient } from "../support/clients.js";
import { REPOSITORY } from "../support/folders.js";
import { projectWithPackage } from "../support/packed.js";
import { until } from "../support/servers.js";

const README = readFileSync(join(REPOSITORY, "README.md"), "utf8");
const hasPython = spawnSync("python3", ["--version"]).status === 0;

/** The fenced blocks of a language, also those in a list. */
function blocks(language: string): string[] {
  return [...README.matchAll(new RegExp(`^( *)\`\`\`${language}\\n(.*?)^ *\`\`\`$`, "gms"))].map(
    ([, indent = "", text = ""]) => text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  );
}

let folder = "";
let project = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "evsys-readme-shell-"));
  project = await projectWithPackage(folder, {});
  const main = join(project, "node_modules", "evsys-sdk", "dist", "src", "cli", "main.js");
  chmodSync(main, 0o755);
  mkdirSync(join(project, "node_modules", ".bin"));
  symlinkSync(main, join(project, "node_modules", ".bin", "evsys-sdk"));
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the README's shell", () => {
  const [slurm = "", pair = "", ...others] = blocks("bash");

  it("is all covered here", () => expect(others).toEqual([]));

  it("has a batch script that syncs what the job left, and ends with the job's code", async () => {
    const server = await startMockServer({ apiKey: API_KEY });
    onTestFinished(() => server.stop());
    const logDir = join(project, "evsys_sdk");
    const client = offlineClient({ logDir });
    await client.createExperiment({ experiment_name: "slurm" });
    await client.close();
    const tools = join(project, "tools");
    mkdirSync(tools);
    writeFileSync(join(tools, "srun"), '#!/bin/sh\ntest "$EVSYS_LOG_DIR" = "$SLURM_SUBMIT_DIR/evsys_sdk" && exit 7\n');
    chmodSync(join(tools, "srun"), 0o755);
    const PATH = `${tools}${delimiter}${process.env.PATH}`;
    const env = cleanEnvironment({ ...connection(server), SLURM_SUBMIT_DIR: project, PATH });
    const { code, stderr } = await run("bash", ["-c", slurm], { cwd: project, env }).ended;
    expect({ code, stderr }).toEqual({ code: 7, stderr: "" });
    expect(server.experiments).toMatchObject([{ experiment_name: "slurm" }]);
  });

  it("has a pair of commands that shows a backend conform", async () => {
    const [mock = "", contract = ""] = pair.trim().split("\n");
    // As printed, but with a port that is free, and without npx, which passes no signals on.
    const direct = (line: string) => line.replace("npx ", "exec node_modules/.bin/");
    const server = run("bash", ["-c", `${direct(mock)} --port 0`], { cwd: project, env: cleanEnvironment() });
    await until(() => /EVSYS_PROJECT_ID=/.test(server.stdout()) || server.process.exitCode !== null);
    const port = /localhost:(\d+)/.exec(server.stdout())?.[1] ?? "";
    const line = direct(contract).replace("localhost:8000", `localhost:${port}`);
    const { code, stdout } = await run("bash", ["-c", line], { cwd: project, env: cleanEnvironment() }).ended;
    server.process.kill("SIGINT");
    await server.ended;
    expect(code).toBe(0);
    expect(stdout).toContain("conforms");
    expect(stdout).not.toMatch(/^differs/m);
  });

  it.skipIf(!hasPython)("has a fixture for tests in Python", async () => {
    const [fixture = "", ...more] = blocks("python");
    expect(more).toEqual([]);
    writeFileSync(join(project, "pytest.py"), "def fixture(scope):\n    return lambda made: made\n");
    const used = `${fixture}
import urllib.request
for url in mock_url():
    request = urllib.request.Request(url + "/api/dashboard/api/sdk/experiments/", data=b'{"experiment_name": "by Python"}',
        headers={"Authorization": "Bearer any", "Content-Type": "application/json"})
    print(urllib.request.urlopen(request).status)
`;
    const { code, stdout, stderr } = await run("python3", ["-c", used], { cwd: project, env: cleanEnvironment() })
      .ended;
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: "", stdout: "201\n" });
  });
});
