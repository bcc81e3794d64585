import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DashboardClient } from "../../src/index.js";
import { cleanEnvironment, run } from "../support/children.js";
import { connection, MAIN } from "../support/cli.js";
import { mockServer } from "../support/clients.js";
import { REPOSITORY, temporaryFolder } from "../support/folders.js";
import { blocksOf, PAGES, textsOf } from "../support/pages.js";
import { until } from "../support/until.js";

const { scripts, version } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8"));

const lines = PAGES.flatMap(blocksOf)
  .filter(({ mark }) => mark === "sh")
  .flatMap(({ text }) =>
    text
      .replaceAll(/\\\n\s*/g, "")
      .trim()
      .split("\n"),
  );
const ofPackage = [...new Set(lines.filter((line) => /^npx evsys-sdk (?!mock\b|contract\b)/.test(line)))];
const isServer = (line: string) => /^npx evsys-sdk ui\b/.test(line) && !line.includes("--html");

/** The exit code where a mirror has pending writes: `doctor` names them as something to do, a dry run as pending. */
function expectedCode(line: string): number {
  if (line.includes("--dry-run")) return 3;
  return line.endsWith(" doctor") ? 1 : 0;
}

/** The lines that are run elsewhere or cannot be run here, and what of them is checked. */
const OTHERS: readonly (readonly [RegExp, (match: RegExpExecArray) => void])[] = [
  // Run by mock.full.test.ts, snippets.full.test.ts and parquet.full.test.ts, by test/cli/contract.test.ts, and in test/runtimes.
  [
    /^npx evsys-sdk (mock|contract)$|^curl |^EVSYS_OFFLINE=1 node train\.mjs$|^duckdb -c |^node --experimental-/,
    () => {},
  ],
  // Run by .ci/run, by test/schema or by test/scripts.
  [
    /^npm (?:ci && npm )?(?:run )?(test|demo|pack|typecheck|schema:diff|schema:update)\b/,
    ([, name = ""]) => {
      expect(name === "pack" || name in scripts).toBe(true);
    },
  ],
  [/^npm install \.\.\/evsys-sdk\/evsys-sdk-(.+)\.tgz$/, ([, of]) => expect(of).toBe(version)],
  [/^export (?:EVSYS_\w+=\S+ ?)+$/, () => {}],
  [/^ssh -L (\d+):localhost:\1 gpu-box npx evsys-sdk ui /, () => {}],
];

describe("the commands in the documentation", () => {
  let mirror = "";
  beforeAll(async () => {
    mirror = mkdtempSync(join(tmpdir(), "evsys-pages-mirror-"));
    const client = new DashboardClient({ offline: true, logDir: mirror, logLevel: "ERROR" });
    await client.withRun({ experiment_name: "iris" }, (each) => each.logStep(1, { loss: 0.5 }));
    await client.close();
  });
  afterAll(() => rmSync(mirror, { recursive: true, force: true }));

  it("are all covered here", () => {
    const unknown = lines.filter((line) => {
      if (ofPackage.includes(line)) return false;
      const [known] = OTHERS.flatMap(([pattern, check]) => {
        const match = pattern.exec(line);
        return match === null ? [] : [{ match, check }];
      });
      known?.check(known.match);
      return known === undefined;
    });
    expect(unknown).toEqual([]);
  });

  it("print the documented output: doctor", async () => {
    const folder = temporaryFolder();
    cpSync(mirror, join(folder, "evsys_sdk"), { recursive: true });
    const server = await mockServer();
    const env = cleanEnvironment({ ...connection(server), EVSYS_API_KEY: "another" });
    const { stdout } = await run(process.execPath, [MAIN, "doctor"], { cwd: folder, env }).ended;
    const plain = (text: string) =>
      text
        .replaceAll(/http\S+(?= \(from)/g, "URL")
        .replaceAll(/\d+ writes/g, "3 writes")
        .replace(/\/\S+evsys_sdk$/m, "DIR");
    const [sample = ""] = textsOf("docs/checking-a-backend.md", "text");
    const missing = plain(sample)
      .trim()
      .split("\n")
      .filter((line) => line !== "…" && !plain(stdout).includes(`${line}\n`));
    expect(missing, stdout).toEqual([]);
  });

  it.each(ofPackage)("run: %s", async (line) => {
    const folder = temporaryFolder();
    for (const name of ["evsys_sdk", "a/evsys_sdk", "b/evsys_sdk"]) {
      if (name === "evsys_sdk" || line.includes(name)) cpSync(mirror, join(folder, name), { recursive: true });
    }
    const server = await mockServer();
    // No browser is opened, and the port is a free one.
    const args = line
      .split(" ")
      .slice(2)
      .filter((word) => word !== "--open");
    const options = { cwd: folder, env: cleanEnvironment(connection(server)) };
    const child = run(process.execPath, [MAIN, ...args, ...(isServer(line) ? ["--port", "0"] : [])], options);
    if (isServer(line)) {
      await until(() => child.stdout().includes("http://") || child.process.exitCode !== null);
      child.process.kill("SIGINT");
    }
    const { code, stderr } = await child.ended;
    expect({ code, stderr }).toEqual({ code: expectedCode(line), stderr: "" });
  });
});
