import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { LocalExperimentStore, MirrorError, syncMirror } from "../../src/index.js";
import { jsonOf, offlineMirror } from "../support/cli.js";
import { API_KEY, clientOf, collected, failureOf, mockServer, offlineClient, PROJECT_ID } from "../support/clients.js";
import { command } from "../support/command.js";
import { recordingLogger } from "../support/loggers.js";
import { always, rawServer } from "../support/servers.js";
import { FULL_WRITES } from "../support/writes.js";

const POLLUTING = '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}';
const LEVELS = 1_000_000;
/** A parser that calls itself for each level fails at a fifth of it; to read a million each time would take a minute. */
const LEVELS_IN_ANSWER = 50_000;
/** So many still fit in what is read of an error. */
const LEVELS_IN_ERROR = 10_000;
const lists = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
const objects = (levels: number): string => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

afterEach(() => {
  expect(Reflect.get({}, "polluted")).toBeUndefined();
  expect(Reflect.get([], "polluted")).toBeUndefined();
});

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const connectionOf = ({ url }: { readonly url: string }) => {
  const logger = recordingLogger();
  return { baseUrl: url, apiKey: API_KEY, projectId: PROJECT_ID, maxRetries: 0, logger };
};

describe("prototype-related names", () => {
  it("in documents and rows are read as ordinary own fields", async () => {
    const { local } = offlineClient();
    const folder = join(local.root, "generations", "r");
    put(join(folder, "generation.json"), `{"id":"r","_created_at":1,"_updated_at":1,${POLLUTING}}`);
    put(join(folder, "metrics.jsonl"), `{"step":1,"split":"train","metrics":{"loss":NaN,${POLLUTING}},${POLLUTING}}\n`);
    const [document, rows] = [local.run("r"), await collected(local.metrics("r"))];
    for (const item of [document, ...rows]) {
      expect(Object.getPrototypeOf(item)).toBe(Object.prototype);
      expect(Object.hasOwn(item ?? {}, "__proto__")).toBe(true);
      expect(Reflect.get(Object(item), "polluted")).toBeUndefined();
    }
  });

  it("in documents, rows and the sync log do not affect writes, a sync, status or clean", async () => {
    const { logDir, runId, experimentId } = await offlineMirror();
    const folder = join(logDir, "generations", runId);
    const line = (more: string) => `{${more},${POLLUTING}}\n`;
    appendFileSync(
      join(folder, "sync", "ops.jsonl"),
      line('"key":"k","at":1,"patch":{"note":1,"__proto__":{"polluted":1}}'),
    );
    writeFileSync(join(folder, "sync", "acks.log"), line('"op":"nothing"') + line('"row":"__proto__","id":"x"'));
    const experiment = join(logDir, "experiments", experimentId, "experiment.json");
    writeFileSync(experiment, readFileSync(experiment, "utf8").replace("{", `{${POLLUTING},`));
    appendFileSync(join(folder, "metrics.jsonl"), line('"step":77,"split":"train","metrics":{"loss":1}'));
    const server = await mockServer();
    const client = clientOf(server, { logDir });
    await client.updateRun(runId, { fine: 1 });
    await client.logStepMetric(runId, { step: 78, loss: 1 });
    await client.close();
    await syncMirror({ ...connectionOf(server), logDirs: [logDir], adopt: true });
    expect(server.metrics.map(({ step }) => step)).toEqual(expect.arrayContaining([78]));
    for (const args of [
      ["status", "--json"],
      ["clean", "--json", "--yes"],
    ]) {
      const { code, stdout } = await command([...args, logDir]);
      expect(code).toBeLessThan(4);
      expect(JSON.stringify(jsonOf(stdout))).not.toContain("polluted");
    }
  });

  it("in responses affect neither the result of a call nor anything else", async () => {
    const text = `{"ok":true,"id":"i","inserted":1,"experiment_id":"i","patched":[],"experiment":{"id":"i",${POLLUTING}},"run":{"id":"i",${POLLUTING}},${POLLUTING}}`;
    const server = await rawServer(always(200, text, { "content-type": "application/json" }));
    const client = clientOf(server);
    for (const { call } of FULL_WRITES) {
      const row: unknown = await call(client, { experimentId: "i", runId: "i" });
      expect(Reflect.get(Object(row), "polluted")).toBeUndefined();
    }
    const rejecting = clientOf(await rawServer(always(422, `{"detail":"no",${POLLUTING}}`)));
    expect(await failureOf(() => rejecting.createExperiment({ experiment_name: "x" }))).toMatchObject({ status: 422 });
  });
});

describe.each([
  ["lists", lists],
  ["objects", objects],
])("a million nested %s", (_, nested) => {
  const deep = nested(LEVELS);

  it("in a document cause a MirrorError for readers; a writer sets the file aside", async () => {
    const logger = recordingLogger();
    const client = offlineClient({ logger });
    const path = join(client.local.root, "generations", "r", "generation.json");
    for (const extra of ["", '"nan":NaN,']) {
      put(path, `{"id":"r","_created_at":1,"_updated_at":1,${extra}"deep":${deep}}`);
      expect(() => client.local.run("r")).toThrow(MirrorError);
      expect(client.local.runs()).toEqual([]);
      await client.updateRun("r", { status: "failed" });
      expect(client.local.run("r")).toMatchObject({ status: "failed" });
      expect(logger.of("warn").at(-1)).toMatch(/deep.* kept as .*generation\.json\.damaged-\d+/);
    }
  });

  it("in a row cause the line to be skipped with a warning", async () => {
    const logger = recordingLogger();
    const client = offlineClient({ logger });
    const path = join(client.local.root, "generations", "r", "metrics.jsonl");
    const row = '{"step":1,"split":"train","metrics":{"loss":1}}';
    put(path, `${row}\n{"step":2,"deep":${deep}}\n{"step":2,"nan":NaN,"deep":${deep}}\n${row}\n`);
    expect(await collected(client.local.metrics("r"))).toHaveLength(2);
    expect(logger.of("warn")).toEqual([expect.stringContaining(`${path}:2`), expect.stringContaining(`${path}:3`)]);
  });

  it("in rows, documents and the sync log do not crash a sync, status or clean", async () => {
    const { logDir, runId } = await offlineMirror();
    const folder = join(logDir, "generations", runId);
    appendFileSync(join(folder, "metrics.jsonl"), `{"step":2,"deep":${deep}}\n`);
    appendFileSync(join(folder, "evals.jsonl"), `{"id":"x","metrics":${deep}}\n`);
    appendFileSync(join(folder, "sync", "ops.jsonl"), `{"key":"k","at":1,"patch":{"deep":${deep}}}\n`);
    put(join(folder, "sync", "acks.log"), `{"op":"x","deep":${deep}}\n`);
    put(join(logDir, "experiments", "deep", "experiment.json"), deep);
    const server = await mockServer();
    const report = await syncMirror({ ...connectionOf(server), logDirs: [logDir], adopt: true });
    expect(report.byKind).toMatchObject({ runs: { delivered: 1 }, metrics: { delivered: 3 } });
    expect(server.metrics).toHaveLength(3);
    for (const args of [
      ["status", "--json"],
      ["clean", "--json", "--yes"],
    ]) {
      const { stdout, stderr } = await command([...args, logDir]);
      expect(stderr).not.toMatch(/RangeError|at .*\.ts/);
      expect(jsonOf(stdout)).toBeTypeOf("object");
    }
    expect(new LocalExperimentStore(logDir, recordingLogger()).runs()).toHaveLength(1);
  });

  it.each([200, 201, 400, 422, 500])("in a response of %i give a result or an error, and no crash", async (status) => {
    const deep = nested(LEVELS_IN_ANSWER);
    for (const text of [
      deep,
      nested(LEVELS_IN_ERROR),
      `{"detail":${nested(LEVELS_IN_ERROR)}}`,
      `{"ok":true,"experiment":{"id":"i","deep":${deep}},"id":"i","patched":[],"deep":${deep}}`,
    ]) {
      const client = clientOf(await rawServer(always(status, text)), { maxRetries: 0 });
      for (const { call } of FULL_WRITES) {
        const outcome = await call(client, { experimentId: "i", runId: "i" }).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome).toMatchObject({ status });
      }
      await client.post("/any/").catch((error: unknown) => expect(error).toMatchObject({ status }));
    }
  });
});

it("a response above 16 MiB is not accepted: the write stays pending, and the rest is not read", async () => {
  let sent = 0;
  const server = await rawServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const piece = Buffer.alloc(1024 * 1024, " ");
    const more = (): void => {
      if (response.destroyed || sent > 200) return void response.end();
      sent += 1;
      response.write(piece, more);
    };
    more();
  });
  const logger = recordingLogger();
  const client = clientOf(server, { maxRetries: 0, logger });
  expect(await client.logStepMetric("r", { step: 1, loss: 1 })).toEqual({ ok: true });
  expect(client.status()).toEqual({ remote: "down", pending: 1, rejected: 0 });
  expect(logger.of("warn")).toHaveLength(1);
  expect(sent).toBeLessThan(100);
});
