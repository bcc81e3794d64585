import { describe, expect, it, onTestFinished, vi } from "vitest";
import { LocalExperimentStore, type Logger } from "../../src/index.js";
import { clientOf, collected, offlineClient } from "../support/clients.js";
import { appendText } from "../support/folders.js";
import { deadServer } from "../support/servers.js";

/** A logger with all four methods alike. */
function loggerOf(log: (message: string) => void): Logger {
  return { debug: log, info: log, warn: log, error: log };
}

const faulty: readonly (readonly [string, () => unknown])[] = [
  ["throws", () => void fail()],
  ["returns a promise that rejects", () => Promise.reject(new Error("the worker has exited"))],
  ["throws what cannot be converted to text", () => void failWith(Object.create(null))],
  // biome-ignore lint/suspicious/noThenProperty: this is the fault.
  ["returns an object with a faulty then", () => Object.defineProperty({}, "then", { get: fail })],
];

function fail(): never {
  throw new Error("the worker has exited");
}

function failWith(thrown: unknown): never {
  throw thrown;
}

/** What goes to stderr and what rejects unhandled while a test runs. */
function watched() {
  const rejections: unknown[] = [];
  const note = (reason: unknown): void => void rejections.push(reason);
  process.on("unhandledRejection", note);
  const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  onTestFinished(() => {
    process.off("unhandledRejection", note);
    stderr.mockRestore();
  });
  return { rejections, lines: () => stderr.mock.calls.map(([text]) => String(text)) };
}

/** Node reports unhandled rejections when the microtasks of a turn are done. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe.each(faulty)("a logger that %s", (_, log) => {
  it("affects no write, and is reported once to stderr", async () => {
    const { rejections, lines } = watched();
    const client = clientOf(await deadServer(), { maxRetries: 0, logger: loggerOf(log), logLevel: "DEBUG" });
    const { id } = await client.createExperiment({ experiment_name: "x" });
    const run = await client.createRun({ experiment_id: id });
    for (const name of ["a", "b", "c"])
      await client.logStepMetric(run.id, { step: 1, metrics: { [name]: Number.NaN } });
    await client.close({ timeoutMs: 0 });
    await nextTurn();
    expect(client.local.experiments()).toHaveLength(1);
    expect(await collected(client.local.metrics(run.id))).toHaveLength(3);
    expect(rejections).toEqual([]);
    expect(lines().filter((line) => line.includes("logger failed"))).toHaveLength(1);
  });

  it("affects no reader of the mirror", async () => {
    const { rejections } = watched();
    const { local } = offlineClient();
    const store = new LocalExperimentStore(local.root, loggerOf(log));
    appendText(local.root, "generations/r/metrics.jsonl", 'torn\n{"step":1,"split":"train","metrics":{"a":1}}\n');
    expect(await collected(store.metrics("r"))).toHaveLength(1);
    await nextTurn();
    expect(rejections).toEqual([]);
  });
});
