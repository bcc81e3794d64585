import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { expectFirstExample, FIRST_EXAMPLE } from "../support/first-example.js";
import { projectWithPackage } from "../support/packed.js";
import { bun, deno } from "../support/toolchains.js";

let folder = "";
let project = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "evsys-bun-deno-"));
  project = await projectWithPackage(folder);
  writeFileSync(join(project, "train.mjs"), FIRST_EXAMPLE);
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the README's first example runs in", () => {
  it.skipIf(bun === undefined)("Bun", async () => {
    await expectFirstExample({ command: bun ?? "", args: ["train.mjs"], cwd: project });
  });

  it.skipIf(deno === undefined)("Deno", async () => {
    const permissions = ["--allow-read", "--allow-write", "--allow-net", "--allow-env", "--allow-sys"];
    const args = ["run", ...permissions, "--no-prompt", "train.mjs"];
    await expectFirstExample({ command: deno ?? "", args, cwd: project, variables: { DENO_NO_UPDATE_CHECK: "1" } });
  });
});
