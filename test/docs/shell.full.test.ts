import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { cleanEnvironment, run } from "../support/children.js";
import { connection } from "../support/cli.js";
import { mockServer, offlineClient } from "../support/clients.js";
import { projectWithPackage } from "../support/packed.js";
import { PAGES, textsOf } from "../support/pages.js";
import { until } from "../support/until.js";

/** `npx` starts a Node of its own, and each script runs several. */
const LIMIT = { timeout: 60_000 };
const RESUME = "docs/resume.md";
const JOBS = "docs/long-jobs.md";
const hasPython = spawnSync("python3", ["--version"]).status === 0;

let folder = "";
let project = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "evsys-pages-shell-"));
  project = await projectWithPackage(folder, {});
  const main = join(project, "node_modules", "evsys-sdk", "dist", "src", "cli", "main.js");
  chmodSync(main, 0o755);
  mkdirSync(join(project, "node_modules", ".bin"));
  symlinkSync(main, join(project, "node_modules", ".bin", "evsys-sdk"));
  // A training that fails.
  writeFileSync(join(project, "train.mjs"), "process.exit(process.env.EVSYS_LOG_DIR === process.env.EXPECTED ? 7 : 1)");
  mkdirSync(join(project, "tools"));
  writeFileSync(join(project, "tools", "srun"), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The command of the container in the page's Kubernetes job, and the variables that it sets. */
function kubernetesJob(): { script: string; variables: Record<string, string> } {
  const [container] = parse(textsOf(JOBS, "yaml").join("")).spec.template.spec.containers;
  const [shell, flag, script] = container.command;
  expect([shell, flag]).toEqual(["sh", "-c"]);
  const variables: { name: string; value?: string }[] = container.env;
  return { script, variables: Object.fromEntries(variables.map(({ name, value = "from a secret" }) => [name, value])) };
}

describe("the scripts in the documentation", LIMIT, () => {
  it("are all tested here", () => {
    const pagesWith = (mark: string) => PAGES.flatMap((page) => textsOf(page, mark).map(() => page));
    expect(pagesWith("bash")).toEqual(["docs/checking-a-backend.md", JOBS, RESUME]);
    expect(pagesWith("yaml")).toEqual([JOBS]);
    expect(pagesWith("python")).toEqual(["docs/testing.md"]);
  });

  it.each(["SLURM", "Kubernetes"])(
    "%s: the job script sends pending writes and exits with the job's code",
    async (where) => {
      const server = await mockServer();
      const logDir = join(project, where, "evsys_sdk");
      const client = offlineClient({ logDir });
      await client.createExperiment({ experiment_name: where });
      await client.close();

      const [slurm = ""] = textsOf(JOBS, "bash");
      const { script, variables } = kubernetesJob();
      expect(Object.keys(connection(server)).filter((name) => !(name in variables))).toEqual([]);
      const own =
        where === "SLURM"
          ? { SLURM_SUBMIT_DIR: join(project, where) }
          : { ...variables, EVSYS_LOG_DIR: variables.EVSYS_LOG_DIR?.replace("/mirror", logDir) ?? "" };
      const PATH = `${join(project, "tools")}${delimiter}${process.env.PATH}`;
      const env = cleanEnvironment({ ...own, ...connection(server), EXPECTED: logDir, PATH });
      const { code, stderr } = await run("bash", ["-c", where === "SLURM" ? slurm : script], { cwd: project, env })
        .ended;
      expect({ code, stderr }).toEqual({ code: 7, stderr: "" });
      expect(server.experiments).toMatchObject([{ experiment_name: where }]);
    },
  );

  it("SLURM: each job of a shared run is offline, writes to the shared mirror and exits with its program's code", async () => {
    const [script = ""] = textsOf(RESUME, "bash");
    const PATH = `${join(project, "tools")}${delimiter}${process.env.PATH}`;
    const env = cleanEnvironment({ SLURM_SUBMIT_DIR: project, EXPECTED: join(project, "evsys_sdk"), PATH });
    expect(script).toContain("EVSYS_OFFLINE=1");
    expect(await run("bash", ["-c", script], { cwd: project, env }).ended).toMatchObject({ code: 7, stderr: "" });
  });

  it("check a backend with two commands", async () => {
    const [pair = ""] = textsOf("docs/checking-a-backend.md", "bash");
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

  it.skipIf(!hasPython)("contain a fixture for tests in Python", async () => {
    const [fixture = ""] = textsOf("docs/testing.md", "python");
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
