import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { expectFirstExample, FIRST_EXAMPLE } from "../support/first-example.js";
import { REPOSITORY } from "../support/folders.js";
import { link, projectWithPackage } from "../support/packed.js";
import { jest } from "../support/toolchains.js";

const TEST = `test("the first example", async () => {
  await import("./example.mjs");
}, 60_000);
`;

let folder = "";
let project = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "evsys-test-runners-"));
  project = await projectWithPackage(folder);
  link(project, "vitest");
  writeFileSync(join(project, "example.mjs"), FIRST_EXAMPLE);
  writeFileSync(join(project, "vitest.test.mjs"), `import { test } from "vitest";\n${TEST}`);
  writeFileSync(join(project, "jest.test.mjs"), TEST);
  const config = { testMatch: ["**/jest.test.mjs"], transform: {} };
  writeFileSync(join(project, "jest.config.json"), JSON.stringify(config));
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the README's first example runs in", () => {
  it.each(["threads", "forks", "vmThreads", "vmForks"])("vitest, pool %s", async (pool) => {
    const vitest = join(REPOSITORY, "node_modules", "vitest", "vitest.mjs");
    const args = [vitest, "run", "--pool", pool, "vitest.test.mjs"];
    await expectFirstExample({ command: process.execPath, args, cwd: project });
  });

  it.skipIf(jest === undefined)("Jest, as ES modules", async () => {
    const args = ["--experimental-vm-modules", jest ?? "", "--no-watchman"];
    await expectFirstExample({ command: process.execPath, args, cwd: project });
  });
});
