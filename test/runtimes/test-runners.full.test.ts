import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../support/children.js";
import { expectFirstExample, FIRST_EXAMPLE } from "../support/first-example.js";
import { REPOSITORY } from "../support/folders.js";
import { link, projectWithPackage } from "../support/packed.js";
import { textsOf } from "../support/pages.js";
import { jest, nodes } from "../support/toolchains.js";

const PAGE = "docs/test-runners.md";
const TEST = `test("the first example", async () => {
  await import("./example.mjs");
}, 60_000);
`;
const REQUIRING = `test("a package of ES modules", () => {
  expect(require("evsys-sdk").EvsysError.name).toBe("EvsysError");
});
`;
const VM_MODULES = "--experimental-vm-modules";
/** Whether Jest can load ES modules with `require`. */
const canRequire = ({ version }: { readonly version: string }) => {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 9);
};

/** A test runner starts several processes. */
const LIMIT = { timeout: 60_000 };

let folder = "";
let project = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "evsys-test-runners-"));
  project = await projectWithPackage(folder);
  link(project, "vitest");
  writeFileSync(join(project, "example.mjs"), FIRST_EXAMPLE);
  writeFileSync(join(project, "vitest.test.mjs"), `import { test } from "vitest";\n${TEST}`);
  writeFileSync(join(project, "jest.test.mjs"), TEST);
  writeFileSync(join(project, "requires.test.cjs"), REQUIRING);
  const config = { testMatch: ["**/jest.test.mjs"], transform: {} };
  writeFileSync(join(project, "jest.config.json"), JSON.stringify(config));
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the README's first example runs in", LIMIT, () => {
  it.each(["threads", "forks", "vmThreads", "vmForks"])("vitest, pool %s", async (pool) => {
    const vitest = join(REPOSITORY, "node_modules", "vitest", "vitest.mjs");
    const args = [vitest, "run", "--pool", pool, "vitest.test.mjs"];
    await expectFirstExample({ command: process.execPath, args, cwd: project });
  });

  it.skipIf(jest === undefined)("Jest, as ES modules", async () => {
    const args = [VM_MODULES, jest ?? "", "--no-watchman"];
    await expectFirstExample({ command: process.execPath, args, cwd: project });
  });
});

describe("docs on test runners", LIMIT, () => {
  it("contain a test for node:test that passes", async () => {
    writeFileSync(join(project, "node.test.mjs"), textsOf(PAGE, "ts node-test").join(""));
    const { code, stdout } = await run(process.execPath, ["--test", "node.test.mjs"], { cwd: project }).ended;
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/pass 1$/m) });
  });

  it.skipIf(jest === undefined)("contain a test, a configuration and a command for Jest that pass", async () => {
    writeFileSync(join(project, "page.test.mjs"), textsOf(PAGE, "js jest").join(""));
    writeFileSync(join(project, "page.json"), textsOf(PAGE, "json jest").join(""));
    const [node, flag, installed = "", ...more] = textsOf(PAGE, "sh").join("").trim().split(" ");
    expect([node, flag, more]).toEqual(["node", VM_MODULES, []]);
    expect(jest?.endsWith(installed)).toBe(true);
    const args = [VM_MODULES, jest ?? "", "--no-watchman", "--config", "page.json", "page.test.mjs"];
    const { code, stderr } = await run(process.execPath, args, { cwd: project }).ended;
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/^Tests: +1 passed/m) });
  });

  const oldest = nodes().find((node) => !canRequire(node));
  it.skipIf(jest === undefined || oldest === undefined)(
    "quote the error of require in Jest on an older Node",
    async () => {
      const { stderr } = await requireInJest(oldest?.path ?? "");
      const [message = ""] = textsOf(PAGE, "text");
      expect(stderr).toContain(message.trim().replace("/home/me/project", project));
    },
  );

  const newer = nodes().find(canRequire);
  it.skipIf(jest === undefined || newer === undefined)(
    "are right that require works in Jest on a newer Node",
    async () => {
      const { code, stderr } = await requireInJest(newer?.path ?? "");
      expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/^Tests: +1 passed/m) });
    },
  );
});

function requireInJest(node: string) {
  const config = JSON.stringify({ testMatch: ["**/requires.test.cjs"], transform: {} });
  return run(node, [VM_MODULES, jest ?? "", "--no-watchman", "--config", config], { cwd: project }).ended;
}
