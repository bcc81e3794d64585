import { mkdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { SyncReport } from "../../src/index.js";
import type { MockServer } from "../../src/testing/index.js";
import { offlineClient } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { deadServer } from "../support/servers.js";
import { until } from "../support/until.js";
import { backend, sync, watch, written } from "./support/backend.js";
import { differences, mirrorAt, NONE } from "./support/compare.js";
import { type Program, startProgram } from "./support/program.js";
import { forEachSeed, IS_LONG, type Random, randomFrom, seeds } from "./support/random.js";
import { type Accepted, writeAll } from "./support/random-writes.js";
import { expectInMirror, startWriter } from "./support/writer.js";

/** Several seeds at a time, each with processes of its own. */
const LIMIT = { timeout: IS_LONG ? 1_800_000 : 60_000 };
const WAIT = { limitMs: 30_000 };

/**
 * Kills a writer at a random moment: after a number of reported writes, or while the server handles its n-th request.
 */
async function killSometime(writer: Program<Accepted>, random: Random, server?: MockServer): Promise<void> {
  const reported = random.between(1, 150);
  const received = random.between(1, 150);
  if (server === undefined || random.next() < 0.5) {
    await until(() => writer.stdout().split("\n").length > reported, WAIT);
    return writer.kill();
  }
  const before = server.requests.length;
  watch(server, () => {
    if (server.requests.length >= before + received) writer.process.kill("SIGKILL");
  });
  await writer.ended;
}

/** After the kill: all that was promised is in the mirror, a sync brings it, and all of the mirror is there once. */
async function expectExactlyOnce(logDir: string, server: MockServer, accepted: readonly Accepted[]): Promise<void> {
  // Nobody knows the id of a create whose response was lost in the kill; its call had not resolved.
  mkdirSync(logDir, { recursive: true });
  await expectInMirror(logDir, accepted);
  expect(await sync(server, logDir)).toMatchObject({ pending: 0, rejected: 0, skipped: 0 });
  const found = await differences(logDir, server);
  const orphans = found.twice.filter((row) => row.endsWith("which the mirror does not have"));
  expect(orphans.length).toBeLessThanOrEqual(1);
  expect({ ...found, twice: found.twice.filter((row) => !orphans.includes(row)) }).toEqual(NONE);
  expectPatchesInOrder(server);
  expect(await sync(server, logDir)).toMatchObject({ delivered: 0, pending: 0, rejected: 0 });
}

function expectPatchesInOrder(server: MockServer): void {
  for (const { id } of [...server.runs, ...server.experiments]) {
    const patches = written(server, new RegExp(`/sdk/(runs|experiments)/${id}/$`));
    const numbers = patches.map(({ body }) => Number(Object(body).duration_seconds ?? Object(body).current_iteration));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  }
}

describe("SIGKILL of a writer at a random moment", () => {
  it("online, with 8 calls in flight", LIMIT, () =>
    forEachSeed(seeds(5, 50), async (seed) => {
      const [random, logDir, server] = [randomFrom(seed), temporaryFolder(), await backend()];
      const writer = startWriter({ baseUrl: server.url, logDir, seed, inFlight: 8 });
      await killSometime(writer, random, server);
      await expectExactlyOnce(logDir, server, writer.lines());
    }),
  );

  it("with the backend unavailable", LIMIT, () =>
    forEachSeed(seeds(5, 50), async (seed) => {
      const [random, logDir, unavailable] = [randomFrom(seed), temporaryFolder(), await deadServer()];
      const writer = startWriter({ baseUrl: unavailable.url, logDir, seed, inFlight: 8, maxRetries: 0 });
      await killSometime(writer, random);
      await expectExactlyOnce(logDir, await backend(), writer.lines());
    }),
  );

  it("with background delivery", LIMIT, () =>
    forEachSeed(seeds(3, 50), async (seed) => {
      const [random, logDir, server] = [randomFrom(seed), temporaryFolder(), await backend()];
      const writer = startWriter({ baseUrl: server.url, logDir, seed, inFlight: 8, delivery: "background" });
      await killSometime(writer, random, server);
      await expectExactlyOnce(logDir, server, writer.lines());
    }),
  );

  it("while it sends its backlog after an outage", LIMIT, () =>
    forEachSeed(seeds(3, 50), async (seed) => {
      const [random, logDir, first] = [randomFrom(seed), temporaryFolder(), await backend()];
      const writer = startWriter({ baseUrl: first.url, logDir, seed, inFlight: 8, maxRetries: 0, pauseMs: 1 });
      const before = random.between(3, 60);
      await until(() => first.requests.length >= before, WAIT);
      await first.stop();
      const reported = writer.stdout().length;
      await until(() => writer.stdout().length > reported + 3_000, WAIT);
      const second = await backend({ port: first.port, state: first.state });
      await until(() => second.requests.length > 0, WAIT);
      await killSometime(writer, random, second);
      await expectExactlyOnce(logDir, second, writer.lines());
    }),
  );
});

describe("SIGKILL of a sync", () => {
  it("at random requests, repeatedly", LIMIT, () =>
    forEachSeed(seeds(5, 50), async (seed) => {
      const [random, logDir, server] = [randomFrom(seed), temporaryFolder(), await backend()];
      const client = offlineClient({ logDir });
      const accepted: Accepted[] = [];
      await writeAll(client, { seed, inFlight: 8, writes: 150 }, (write) => accepted.push(write));
      await client.close();
      const syncs: Program<SyncReport>[] = [];
      let next = 0;
      watch(server, () => {
        next -= 1;
        if (next === 0) syncs.at(-1)?.process.kill("SIGKILL");
      });
      for (const most of IS_LONG ? [5, 20, 60] : [60]) {
        next = random.between(1, most);
        const killed = startProgram<SyncReport>("sync.ts", { baseUrl: server.url, logDirs: [logDir] });
        syncs.push(killed);
        expect(await killed.ended).toMatchObject({ signal: "SIGKILL" });
      }
      await expectExactlyOnce(logDir, server, accepted);
    }),
  );
});

describe("SIGKILL in the middle of writing a document", () => {
  it("leaves it valid, and loses no patch that resolved", LIMIT, () =>
    forEachSeed(seeds(3, 50), async (seed) => {
      const [random, logDir] = [randomFrom(seed), temporaryFolder()];
      const writer = startWriter({ offline: true, logDir, seed, inFlight: random.between(1, 8), only: "runPatch" });
      await killSometime(writer, random);
      for (const { id } of mirrorAt(logDir).runs()) {
        expect(mirrorAt(logDir).run(id)).toHaveProperty("status", "running");
      }
      // The next process to open the folder lays over the document what the killed one had not yet.
      const client = offlineClient({ logDir });
      for (const { id } of client.local.runs()) await client.updateRun(id, { summary: { seen: 1 } });
      await expectExactlyOnce(logDir, await backend(), writer.lines());
    }),
  );
});
