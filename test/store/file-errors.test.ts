import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { type DashboardClient, type DashboardClientOptions, MirrorError } from "../../src/index.js";
import { program } from "../support/children.js";
import { clientOf, collected, failureOf, mockServer, offlineClient, runOnServer } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { canMakeFull, makeFull } from "../support/full-device.js";
import { FULL_WRITES, ROW_WRITES } from "../support/writes.js";

/** Every one of the eight methods fails alike: MirrorError with path and cause, and nothing is sent. */
async function refusesAll(options: DashboardClientOptions & { logDir: string }, pathBelow: string): Promise<void> {
  const server = await mockServer();
  const client = clientOf(server, options);
  for (const { call } of FULL_WRITES) {
    const error = await failureOf(() => call(client, { experimentId: "e", runId: "r" }));
    expect(error).toBeInstanceOf(MirrorError);
    const { path, cause, message } = error as MirrorError;
    expect(path.startsWith(pathBelow)).toBe(true);
    expect(message).toContain(path);
    expect(cause).toBeInstanceOf(Error);
    expect(message).toContain((cause as Error).message);
  }
  expect(server.requests).toEqual([]);
  expect(client.status()).toMatchObject({ remote: "up", rejected: 0 });
}

describe("a log directory that cannot be written makes every write throw", () => {
  it("because it is a file", async () => {
    const file = join(temporaryFolder(), "a-file");
    writeFileSync(file, "precious");
    await refusesAll({ logDir: file }, file);
    expect(readFileSync(file, "utf8")).toBe("precious");
  });

  it("because a folder above it is a file", async () => {
    const file = join(temporaryFolder(), "a-file");
    writeFileSync(file, "precious");
    await refusesAll({ logDir: join(file, "deeper", "mirror") }, file);
  });

  // In a process of its own: Node's recursive mkdir never comes back from here, and no test can interrupt it.
  it.runIf(existsSync("/proc/self"))("because the system does not allow folders there", async () => {
    const { stdout, stderr, code } = await program("write-once.ts", ["/proc/evsys-mirror"]).ended;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(JSON.parse(stdout)).toEqual({
      name: "MirrorError",
      path: expect.stringMatching(/^\/proc\/evsys-mirror/),
      code: expect.stringMatching(/^E[A-Z]+$/),
    });
  });

  it.runIf(existsSync("/dev/null"))("because it is below a device", async () => {
    await refusesAll({ logDir: "/dev/null/mirror" }, "/dev/null/mirror");
  });
});

describe.runIf(canMakeFull)("a full disk", () => {
  const fill = (client: DashboardClient, runId: string, name: string): string => {
    const path = join(client.local.root, "generations", runId, name);
    mkdirSync(dirname(path), { recursive: true });
    makeFull(path);
    return path;
  };

  it.each(ROW_WRITES)(
    "makes $method throw with the file and the reason, and nothing is sent",
    async ({ call, stream }) => {
      const { client, experimentId, runId, requests } = await runOnServer();
      const path = fill(client, runId, `${stream}.jsonl`);
      for (let times = 0; times < 2; times += 1) {
        const error = await failureOf(() => call(client, { experimentId, runId }));
        expect(error).toBeInstanceOf(MirrorError);
        expect(error).toMatchObject({ name: "MirrorError", path, cause: expect.objectContaining({ code: "ENOSPC" }) });
        expect(String(error)).toContain("ENOSPC");
      }
      expect(requests()).toEqual([]);
      expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
    },
  );

  it("for one stream does not affect the others, and ends when there is space", async () => {
    const { client, server, runId } = await runOnServer();
    const path = fill(client, runId, "metrics.jsonl");
    expect(await failureOf(() => client.logStepMetric(runId, { step: 1, loss: 1 }))).toBeInstanceOf(MirrorError);
    await client.createEval(runId, { metrics: { a: 1 } });
    rmSync(path);
    const other = clientOf(server, { logDir: client.local.root });
    await other.logStepMetric(runId, { step: 2, loss: 1 });
    expect((await collected(other.local.metrics(runId))).map(({ step }) => step)).toEqual([2]);
    expect(server.evals).toHaveLength(1);
  });
});

describe("a file that has reached the size limit", () => {
  it("keeps every row whose call resolved, and a truncated row is never continued", async () => {
    const logDir = temporaryFolder();
    const limited = program("fill-file.ts", [logDir], {}, { fileBlocks: 64 });
    const { stdout, stderr, code } = await limited.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.anything() });
    const { resolved, failed } = JSON.parse(stdout) as { resolved: number[]; failed: string[] };
    expect(resolved.length).toBeGreaterThan(10);
    expect(new Set(failed)).toEqual(new Set(["MirrorError"]));

    const client = offlineClient({ logDir });
    await client.logStepMetric("run-1", { step: 9999, loss: 1 });
    const steps = (await collected(client.local.metrics("run-1"))).map(({ step }) => step);
    expect(steps).toEqual([...resolved, 9999]);
  });
});

describe("a folder that is deleted while a client is running", () => {
  it("is created again for the next row after at most a moment", async () => {
    const client = offlineClient();
    await client.logStepMetric("run-1", { step: 1, loss: 1 });
    rmSync(client.local.root, { recursive: true });
    // A client may go on for a moment with the file it has open; it must notice by itself.
    let step = 2;
    while (!existsSync(join(client.local.root, "generations", "run-1", "metrics.jsonl"))) {
      await client.logStepMetric("run-1", { step, loss: 1 });
      await new Promise((resolve) => setImmediate(resolve));
      step += 1;
    }
    await client.logStepMetric("run-1", { step, loss: 1 });
    expect((await collected(client.local.metrics("run-1"))).map((row) => row.step)).toContain(step);
  });
});
