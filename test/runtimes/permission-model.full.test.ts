import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectFirstExample, FIRST_EXAMPLE } from "../support/first-example.js";
import { REPOSITORY } from "../support/folders.js";
import { projectWithPackage } from "../support/packed.js";

const FLAG = Number(process.versions.node.split(".")[0]) < 23 ? "--experimental-permission" : "--permission";

let folder = "";
let project = "";
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "evsys-permission-")));
  project = await projectWithPackage(folder);
  writeFileSync(join(project, "train.mjs"), FIRST_EXAMPLE);
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("Node's permission model", () => {
  it("needs access only to the mirror and the program", async () => {
    const mirror = join(project, "mirror");
    const readable = [project, join(REPOSITORY, "node_modules", "undici")];
    const reads = readable.map((path) => `--allow-fs-read=${path}/*`);
    const args = [FLAG, ...reads, `--allow-fs-write=${mirror}/*`, "train.mjs"];
    const variables = { EVSYS_LOG_DIR: mirror, NODE_NO_WARNINGS: "1" };
    const { stderr } = await expectFirstExample({ command: process.execPath, args, cwd: project, variables });
    expect(stderr).toBe("");
  });
});
