import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../support/children.js";
import { API_KEY, mockServer } from "../support/clients.js";
import { REPOSITORY, temporaryFolder } from "../support/folders.js";
import { link, projectWithPackage } from "../support/packed.js";
import { fakeTimers } from "../support/toolchains.js";

/** More rows than the pool has connections. A faked clock never moves, so a program that hangs is ended by the real one. */
const PROGRAM = `import { DashboardClient } from "evsys-sdk";

export async function train(variables, installFakes) {
  const watchdog = setTimeout(() => process._rawDebug("hangs") ?? process.exit(1), 60_000);
  const cancel = clearTimeout;
  const uninstall = installFakes();
  const client = new DashboardClient({ ...variables, projectId: "p" });
  await client.withRun({ experiment_name: "faked" }, async (run) => {
    for (let step = 0; step < 200; step += 1) await run.logStep(step, { loss: 0.5 });
  });
  const { pending } = await client.close();
  uninstall();
  cancel(watchdog);
  return pending;
}
`;

const SINON = `import FakeTimers from "@sinonjs/fake-timers";
import { train } from "./program.mjs";
const variables = JSON.parse(process.argv[2]);
// Node itself runs on nextTick.
const pending = await train(variables, () => {
  const clock = FakeTimers.install({ toNotFake: ["nextTick"] });
  return () => clock.uninstall();
});
console.log(pending);
`;

const VITEST = `import { expect, test, vi } from "vitest";
import { train } from "./program.mjs";
test("a client", async () => {
  const install = () => vi.useFakeTimers(JSON.parse(process.env.FAKES));
  expect(await train(JSON.parse(process.env.OPTIONS), () => install() && (() => vi.useRealTimers()))).toBe(0);
}, 90_000);
`;

let folder = "";
let project = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "evsys-fake-timers-"));
  project = await projectWithPackage(folder);
  link(project, "vitest");
  if (fakeTimers !== undefined) symlinkSync(join(fakeTimers, ".."), join(project, "node_modules", "@sinonjs"));
  writeFileSync(join(project, "program.mjs"), PROGRAM);
  writeFileSync(join(project, "sinon.mjs"), SINON);
  writeFileSync(join(project, "client.test.mjs"), VITEST);
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function backend() {
  const server = await mockServer();
  const options = { baseUrl: server.url, apiKey: API_KEY, logDir: join(temporaryFolder(), "mirror") };
  return { server, options: JSON.stringify(options) };
}

describe("a client delivers under fake timers", () => {
  it.skipIf(fakeTimers === undefined)("of sinon, which replace queueMicrotask and setImmediate", async () => {
    const { server, options } = await backend();
    const { code, stdout, stderr } = await run(process.execPath, ["sinon.mjs", options], { cwd: project }).ended;
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "0\n", stderr: "" });
    expect(server.metrics).toHaveLength(200);
    expect(server.runs).toMatchObject([{ status: "completed" }]);
  });

  it.each([
    ["as they are by default", {}],
    [
      "with queueMicrotask",
      { toFake: ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "Date", "performance"] },
    ],
  ])("of vitest, %s", async (_, fakes) => {
    const { server, options } = await backend();
    const vitest = join(REPOSITORY, "node_modules", "vitest", "vitest.mjs");
    const env = { ...process.env, OPTIONS: options, FAKES: JSON.stringify(fakes) };
    const { code, stdout } = await run(process.execPath, [vitest, "run", "client.test.mjs"], { cwd: project, env })
      .ended;
    expect(code, stdout).toBe(0);
    expect(server.metrics).toHaveLength(200);
    expect(server.runs).toMatchObject([{ status: "completed" }]);
  });
});
