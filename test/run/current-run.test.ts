import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { currentRun, EvsysError } from "../../src/index.js";
import { clientOf, collected, failureOf, mockServer, offlineClient } from "../support/clients.js";

const NEW = { experiment_name: "iris" };

describe("currentRun", () => {
  it("is the run of withRun, before and after an await, in timers and in callbacks", async () => {
    const client = offlineClient();
    await client.withRun(NEW, async (run) => {
      expect(currentRun()).toBe(run);
      await sleep(1);
      expect(currentRun()).toBe(run);
      expect(await new Promise((resolve) => setTimeout(() => resolve(currentRun()), 1))).toBe(run);
      await Promise.all([1, 2].map(async () => expect(currentRun()).toBe(run)));
    });
  });

  it("lets a function log without receiving the run", async () => {
    const client = offlineClient();
    const trainOneEpoch = async (loss: number) => currentRun().logStep({ loss });
    const runId = await client.withRun(NEW, async (run) => {
      for (const loss of [1, 0.5]) await trainOneEpoch(loss);
      return run.runId;
    });
    expect((await collected(client.local.metrics(runId))).map(({ metrics }) => metrics.loss)).toEqual([1, 0.5]);
  });

  it("is the inner run inside a nested withRun, and the outer one afterwards", async () => {
    const client = offlineClient();
    await client.withRun(NEW, async (outer) => {
      await client.withRun({ experiment_id: outer.experimentId }, async (inner) => {
        await sleep(1);
        expect(currentRun()).toBe(inner);
      });
      expect(currentRun()).toBe(outer);
    });
  });

  it("is separate for parallel runs", async () => {
    const client = offlineClient();
    const train = (seed: number) =>
      client.withRun({ ...NEW, seed }, async (run) => {
        for (let step = 0; step < 5; step += 1) {
          await sleep(seed % 2);
          expect(currentRun()).toBe(run);
        }
        return currentRun().runId;
      });
    expect(new Set(await Promise.all([0, 1, 2, 3].map(train))).size).toBe(4);
  });

  it("throws outside withRun, also for a run of startRun", async () => {
    const client = offlineClient();
    const refuses = async () => {
      const error = await failureOf(currentRun);
      expect(error).toBeInstanceOf(EvsysError);
      expect(String(error)).toContain("currentRun: there is no current run");
    };
    await refuses();
    await client.withRun(NEW, () => {});
    await refuses();
    const run = await client.startRun(NEW);
    await refuses();
    await run.complete();
  });

  it("throws in callbacks of the client, whichever run has started the sending", async () => {
    const server = await mockServer();
    const seen = new Set<string>();
    const note = (callback: string) => seen.add(`${callback}: ${outcomeOf(currentRun)}`);
    const client = clientOf(server, {
      delivery: "background",
      fetch: (url, init) => {
        note("fetch");
        return fetch(url, init);
      },
      logger: { ...SILENT, warn: () => void note("logger") },
      onDeliveryError: () => void note("onDeliveryError"),
    });
    server.failNext({ status: 422, match: ({ path }) => path.endsWith("/metrics/") });
    await client.withRun(NEW, async (run) => {
      await run.logStep({ loss: 1, entropy: Number.NaN });
      await client.flush();
      expect(currentRun()).toBe(run);
    });
    await client.close();
    expect(seen).toEqual(new Set(["logger", "fetch", "onDeliveryError"].map((name) => `${name}: EvsysError`)));
  });
});

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** The name of the error that a call throws; undefined if it returns. */
function outcomeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return Object(error).name;
  }
}
