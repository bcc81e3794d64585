import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LocalExperimentStore, MirrorError, syncMirror } from "../../src/index.js";
import { offlineMirror } from "../support/cli.js";
import { API_KEY, clientOf, collected, failureOf, mockServer, offlineClient, PROJECT_ID } from "../support/clients.js";
import { command } from "../support/command.js";
import { pathsBelow, temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";
import { ROW_WRITES } from "../support/writes.js";

const STREAM_FILES = ["metrics.jsonl", "evals.jsonl", "checkpoints.jsonl", "predictions.jsonl"];

/** All files below a folder with what is in them: what must not change. */
function contentsOf(folder: string): Record<string, string> {
  const files = pathsBelow(folder).filter((path) => lstatSync(join(folder, path)).isFile());
  return Object.fromEntries(files.map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

/** A written mirror, one part of which has been moved out of it and left as a link. */
async function mirrorWithLink(part: (ids: { experimentId: string; runId: string }) => string) {
  const mirror = await offlineMirror();
  const [inside, outside] = [join(mirror.logDir, part(mirror)), join(temporaryFolder(), "outside")];
  mkdirSync(outside);
  const target = join(outside, "target");
  renameSync(inside, target);
  symlinkSync(target, inside);
  return { ...mirror, inside, outside };
}

const FOLDERS = [
  ["a run's folder", ({ runId }: { runId: string }) => join("generations", runId)],
  ["the folder of all runs", () => "generations"],
  ["the folder of a run's sync log", ({ runId }: { runId: string }) => join("generations", runId, "sync")],
] as const;

describe.each(FOLDERS)("a symbolic link in place of %s", (_, part) => {
  it.each(ROW_WRITES)(
    "is rejected by $method, which names it; nothing is written to its target or sent",
    async ({ call }) => {
      const { logDir, runId, experimentId, inside, outside } = await mirrorWithLink(part);
      const [before, server] = [contentsOf(outside), await mockServer()];
      const error = await failureOf(() => call(clientOf(server, { logDir }), { runId, experimentId }));
      expect(error).toBeInstanceOf(MirrorError);
      expect(error).toMatchObject({
        path: inside,
        message: expect.stringContaining("links in the mirror are not followed"),
      });
      expect(contentsOf(outside)).toEqual(before);
      expect(server.requests).toEqual([]);
    },
  );

  it("is not sent, followed or removed by the commands", async () => {
    const { logDir, inside, outside } = await mirrorWithLink(part);
    const [before, server] = [contentsOf(outside), await mockServer()];
    const variables = { EVSYS_API_URL: server.url, EVSYS_API_KEY: API_KEY, EVSYS_PROJECT_ID: PROJECT_ID };
    for (const args of [["sync"], ["sync", "--adopt"], ["status"], ["clean", "--yes", "--days", "0"]]) {
      await command([...args, logDir], variables);
      expect(contentsOf(outside)).toEqual(before);
      expect(lstatSync(inside).isSymbolicLink()).toBe(true);
    }
    expect(server.runs).toEqual([]);
    expect(server.metrics).toEqual([]);
  });
});

describe("a symbolic link in place of the folder of all experiments", () => {
  it("is rejected before a request is sent", async () => {
    const { logDir, inside, outside } = await mirrorWithLink(() => "experiments");
    const [before, server] = [contentsOf(outside), await mockServer()];
    const client = clientOf(server, { logDir });
    const error = await failureOf(() => client.createExperiment({ experiment_name: "x" }));
    expect(error).toMatchObject({ name: "MirrorError", path: inside });
    expect(server.requests).toEqual([]);
    const connection = { baseUrl: server.url, apiKey: API_KEY, projectId: PROJECT_ID, logger: recordingLogger() };
    expect(await failureOf(() => syncMirror({ ...connection, logDirs: [logDir] }))).toMatchObject({ path: inside });
    expect(contentsOf(outside)).toEqual(before);
  });
});

describe.each(STREAM_FILES)("a symbolic link in place of %s", (name) => {
  it("is neither appended to nor read, whether or not its target exists", async () => {
    const outside = join(temporaryFolder(), "precious");
    for (const isThere of [true, false]) {
      if (isThere) writeFileSync(outside, '{"precious":true}\n');
      const client = offlineClient();
      const folder = join(client.local.root, "generations", "r");
      mkdirSync(folder, { recursive: true });
      symlinkSync(isThere ? outside : `${outside}-none`, join(folder, name));
      const calls = ROW_WRITES.filter(({ stream }) => `${stream}.jsonl` === name);
      expect(calls.length).toBeGreaterThan(0);
      for (const { call } of calls) {
        const error = await failureOf(() => call(client, { runId: "r", experimentId: "e" }));
        expect(error).toMatchObject({ name: "MirrorError", path: join(folder, name) });
      }
      const readers = {
        "metrics.jsonl": () => collected<unknown>(client.local.metrics("r")),
        "evals.jsonl": () => collected<unknown>(client.local.evals("r")),
        "checkpoints.jsonl": () => collected<unknown>(client.local.checkpoints("r")),
        "predictions.jsonl": () => collected<unknown>(client.local.predictions("r")),
      };
      const read = Object.entries(readers).find(([file]) => file === name)?.[1];
      expect(await failureOf(() => read?.())).toMatchObject({ name: "MirrorError", path: join(folder, name) });
    }
    expect(readFileSync(outside, "utf8")).toBe('{"precious":true}\n');
    expect(existsSync(`${outside}-none`)).toBe(false);
  });
});

describe("a symbolic link in place of", () => {
  it("a document is neither read nor written through", async () => {
    const { logDir, experimentId, inside, outside } = await mirrorWithLink((ids) =>
      join("experiments", ids.experimentId, "experiment.json"),
    );
    const before = contentsOf(outside);
    const client = offlineClient({ logDir });
    const error = await failureOf(() => client.updateExperiment(experimentId, { status: "failed" }));
    expect(error).toMatchObject({ name: "MirrorError", path: inside });
    expect(() => client.local.experiment(experimentId)).toThrow(MirrorError);
    expect(client.local.experiments()).toEqual([]);
    expect(contentsOf(outside)).toEqual(before);
  });

  it.each(["ops.jsonl", "acks.log"])("the sync log's %s is neither read nor written through", async (name) => {
    const { logDir, runId, outside } = await mirrorWithLink((ids) =>
      join("generations", ids.runId, "sync", "ops.jsonl"),
    );
    if (name === "acks.log") {
      const sync = join(logDir, "generations", runId, "sync");
      renameSync(join(outside, "target"), join(outside, "acks"));
      renameSync(join(sync, "ops.jsonl"), join(outside, "gone"));
      symlinkSync(join(outside, "acks"), join(sync, name));
    }
    const before = contentsOf(outside);
    const server = await mockServer();
    expect(
      await failureOf(() => clientOf(server, { logDir }).logStepMetric(runId, { step: 9, loss: 1 })),
    ).toMatchObject({
      name: "MirrorError",
      path: join(logDir, "generations", runId, "sync", name),
    });
    expect(contentsOf(outside)).toEqual(before);
    expect(server.metrics).toEqual([]);
  });

  it("an entity's folder is ignored by the readers", async () => {
    const { logDir, runId, inside } = await mirrorWithLink((ids) => join("generations", ids.runId));
    const store = new LocalExperimentStore(logDir);
    expect(store.runs()).toEqual([]);
    expect(() => store.run(runId)).toThrow(inside);
    expect(await failureOf(() => collected(store.metrics(runId)))).toMatchObject({ name: "MirrorError", path: inside });
  });
});

it("the mirror's root may be a symbolic link or be below one", async () => {
  const [folder, server] = [temporaryFolder(), await mockServer()];
  mkdirSync(join(folder, "disk"));
  symlinkSync(join(folder, "disk"), join(folder, "link"));
  for (const logDir of [join(folder, "link"), join(folder, "link", "below")]) {
    const client = clientOf(server, { logDir });
    const { id } = await client.createExperiment({ experiment_name: "x" });
    expect(client.local.experiment(id)).toMatchObject({ experiment_name: "x" });
    expect(existsSync(join(logDir, "experiments", id, "experiment.json"))).toBe(true);
  }
});
