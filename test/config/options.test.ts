import { Console } from "node:console";
import { Writable } from "node:stream";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { DashboardClient, EvsysError, EvsysValidationError } from "../../src/index.js";
import { API_KEY, clientOf, failureOf, mockServer, runOnServer, wrong } from "../support/clients.js";
import { pathsBelow, temporaryFolder } from "../support/folders.js";
import { always, rawServer } from "../support/servers.js";

describe("an invalid option", () => {
  it.each([
    ["timeoutMs", 0],
    ["timeoutMs", -1],
    ["timeoutMs", "30"],
    ["timeoutMs", Number.NaN],
    ["maxRetries", -1],
    ["maxRetries", 1.5],
    ["concurrency", 0],
    ["concurrency", 129],
    ["delivery", "later"],
    ["offline", "yes"],
    ["baseUrl", 8000],
    ["apiKey", 5],
    ["logDir", ["mirror"]],
    ["logger", {}],
    ["fetch", "fetch"],
    ["onDeliveryError", true],
  ])("%s %j is rejected by its name", async (option, value) => {
    const error = await failureOf(() => new DashboardClient(wrong({ offline: true, [option]: value })));
    expect(error).toBeInstanceOf(EvsysValidationError);
    expect(error).toMatchObject({ issues: [{ field: option }] });
  });

  it("is named if it is unknown", async () => {
    const error = await failureOf(() => new DashboardClient(wrong({ offline: true, basUrl: "http://host" })));
    expect(error).toBeInstanceOf(EvsysValidationError);
    expect(error).toMatchObject({ issues: [{ field: "basUrl", path: ["basUrl"] }] });
    expect(String(error)).toContain("baseUrl");
  });

  it("counts as unset if it is undefined", () => {
    const client = new DashboardClient({ offline: true, timeoutMs: undefined, logDir: undefined, fetch: undefined });
    expect(client.timeoutMs).toBe(30_000);
  });
});

describe("the client", () => {
  it("exposes its options", () => {
    const client = new DashboardClient({
      baseUrl: "http://host:1/",
      apiKey: "k",
      projectId: "p",
      timeoutMs: 5,
      offline: true,
    });
    expect(client).toMatchObject({ baseUrl: "http://host:1", projectId: "p", timeoutMs: 5, offline: true });
    expect(client.apiKey).toBe("k");
  });

  it("creates no folder before the first write", async () => {
    const folder = temporaryFolder();
    const client = new DashboardClient({ offline: true, logDir: `${folder}/a/b` });
    expect(client.local.experiments()).toEqual([]);
    expect(client.local.experiment("e")).toBeUndefined();
    expect(pathsBelow(folder)).toEqual([]);
    await client.createExperiment({ experiment_name: "iris" });
    expect(pathsBelow(folder)).toContain("a/b/experiments");
    await client.close();
  });
});

describe("the API key", () => {
  it("does not appear in a printed or serialized client", async () => {
    const { client } = await runOnServer();
    let printed = "";
    const stream = new Writable({
      write(text, _encoding, done) {
        printed += String(text);
        done();
      },
    });
    const console = new Console(stream);
    console.log(client);
    console.dir(client, { showHidden: true, depth: 20 });
    console.log("%o %O %j %s", client, client, client, client);
    await new Promise<void>((resolve) => stream.end(resolve));
    const shown = printed + JSON.stringify(client) + inspect(client, { showHidden: true, depth: 20 });
    expect(shown).toContain(client.baseUrl);
    expect(shown).not.toContain(API_KEY);
    expect(client.apiKey).toBe(API_KEY);
  });

  it("does not appear in errors and log lines, even if the response repeats it", async () => {
    const words = `no key ${API_KEY} here`;
    for (const status of [401, 422, 503]) {
      const server = await rawServer(always(status, { detail: words, [API_KEY]: [API_KEY] }));
      const lines: string[] = [];
      const keep = (line: string) => void lines.push(line);
      const logger = { debug: keep, info: keep, warn: keep, error: keep };
      const client = clientOf(server, { maxRetries: 0, logger, logLevel: "DEBUG" });
      const outcome = await client.createExperiment({ experiment_name: "iris" }).catch((error: unknown) => error);
      const shown = inspect(outcome, { depth: 20, showHidden: true }) + lines.join("\n");
      expect(shown).toMatch(/no key .* here/);
      expect(shown).not.toContain(API_KEY);
    }
  });

  it("does not appear in the reported target of a redirect", async () => {
    const server = await rawServer(always(302, "", { location: `http://elsewhere/?key=${API_KEY}` }));
    const error = await failureOf(() => clientOf(server).createExperiment({ experiment_name: "iris" }));
    expect(String(error)).toContain("http://elsewhere/");
    expect(inspect(error, { depth: 20 })).not.toContain(API_KEY);
  });

  it.each(["two words", "with\nnewline", "schlüssel"])(
    "is rejected without being shown if it is not a valid header value: %j",
    async (apiKey) => {
      const error = await failureOf(() => new DashboardClient({ apiKey, projectId: "p" }));
      expect(error).toMatchObject({ name: "EvsysValidationError", issues: [{ field: "apiKey" }] });
      expect(inspect(error, { depth: 20 })).not.toContain(apiKey);
    },
  );

  it("with a single letter does not corrupt responses that contain the letter", async () => {
    const server = await mockServer({ apiKey: "k" });
    const client = clientOf(server, { apiKey: "k" });
    const { id } = await client.createExperiment({ experiment_name: "k" });
    expect(await client.updateExperiment(id, { plan: "k" })).toEqual({ experiment_id: id, patched: ["plan"] });
    server.failNext({ status: 422, body: { detail: "kind k unknown" } });
    const error = await failureOf(() => client.updateExperiment(id, { plan: "x" }));
    expect(error).toBeInstanceOf(EvsysError);
    expect(error).toMatchObject({ body: { detail: expect.stringMatching(/^kind .* unknown$/) } });
  });
});
