import { request as httpRequest } from "node:http";
import { describe, expect, it, vi } from "vitest";
import { failRandomly } from "../../src/cli/mock/failures.js";
import { mockOptions } from "../../src/cli/mock/options.js";
import { CountingState } from "../../src/cli/mock/state.js";
import { main } from "../../src/cli/program.js";
import { ParsedArguments } from "../../src/cli/terminal/arguments.js";
import { resolveConfig } from "../../src/config.js";
import { EvsysValidationError } from "../../src/errors.js";
import { syncMirror } from "../../src/index.js";
import type { Child } from "../support/children.js";
import { evsys, OBEYED } from "../support/cli.js";
import { API_KEY, clientOf, failureOf, mockServer, PROJECT_ID } from "../support/clients.js";
import { command } from "../support/command.js";
import { recordingLogger } from "../support/loggers.js";
import { until } from "../support/until.js";

const IRIS = { experiment_name: "iris" };

/** A mock server that listens on a free port, and where. */
async function mock(...args: string[]): Promise<{ readonly child: Child; readonly url: string }> {
  const child = evsys(["mock", "--port", "0", ...args]);
  const isReady = () => /EVSYS_PROJECT_ID=.*\n\n|"event":"start".*\n/.test(child.stdout());
  await until(() => isReady() || child.process.exitCode !== null);
  const url = /http:\/\/[^"\s]+:\d+/.exec(child.stdout())?.[0];
  if (url === undefined) throw new Error(`It does not listen: ${(await child.ended).stderr}`);
  return { child, url };
}

async function ended(child: Child, signal: NodeJS.Signals = "SIGINT") {
  child.process.kill(signal);
  const { code, signal: killedBy, stdout, stderr } = await child.ended;
  expect({ code, killedBy, stderr }).toEqual({ code: 0, killedBy: null, stderr: "" });
  expect(stdout).not.toMatch(OBEYED);
  return stdout;
}

/** The objects of --json, without how long they took. */
function events(stdout: string): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line, (name, value) => (name === "durationMs" ? undefined : value)));
}

async function post(url: string, body: object, { key = "test-key", repeat = "" } = {}): Promise<number> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const response = await fetch(`${url}/api/dashboard/api/sdk/experiments/`, {
    method: "POST",
    headers: repeat === "" ? headers : { ...headers, "idempotency-key": repeat },
    body: JSON.stringify(body),
  });
  await response.text();
  return response.status;
}

describe("evsys-sdk mock", () => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "prints the variables to export, every request, and a summary on %s",
    async (signal) => {
      const { child, url } = await mock();
      expect(url).toMatch(/^http:\/\/localhost:\d+$/);
      const statuses = [
        await post(url, IRIS, { repeat: "k" }),
        await post(url, IRIS, { repeat: "k", key: "any-other" }),
        await post(url, { name: "iris" }),
      ];
      expect(statuses).toEqual([201, 201, 400]);
      const stdout = await ended(child, signal);
      expect(stdout.replaceAll(/\d+ ms/g, "1 ms")).toBe(
        `Mock server listening on ${url}. Press Ctrl-C to stop it; its data is not kept.
It accepts any API key.
To use it, set in the client's environment:

export EVSYS_API_URL=${url}
export EVSYS_API_KEY=test-key
export EVSYS_PROJECT_ID=test-project

201 POST /sdk/experiments/ 1 ms
201 POST /sdk/experiments/ 1 ms repeat
400 POST /sdk/experiments/ 1 ms

Stopped after 3 requests, 1 repeat, 0 simulated failures.
Written: 1 experiment.
`,
      );
    },
  );

  it("listens at the default URL of a client", () => {
    const { host, port } = mockOptions(new ParsedArguments([], new Map()));
    expect(resolveConfig({ offline: true }, {}).baseUrl).toBe(`http://${host}:${port}`);
  });

  it("accepts a whole run and counts its writes by kind", async () => {
    const { child, url } = await mock();
    const client = clientOf({ url });
    await client.withRun(IRIS, async (run) => {
      for (let step = 0; step < 3; step += 1) await run.logStep(step, { loss: 1 });
      const checkpoint = await run.addCheckpoint({ uri: "s3://bucket/1" });
      await run.logEval({ metrics: { accuracy: 1 }, checkpoint_id: checkpoint.id });
      const prediction = { kind: "eval", instruction: "1 + 1", model_output: "2" } as const;
      await run.logPredictions([prediction, prediction]);
    });
    const report = await client.close();
    expect(report).toMatchObject({ pending: 0, rejected: 0 });
    expect(await ended(child)).toContain(
      "Written: 1 experiment, 1 run, 3 rows of metrics, 1 eval, 1 checkpoint, 2 predictions, 2 patches.\n",
    );
  });

  it("reports that nothing was written", async () => {
    const { child } = await mock();
    expect(await ended(child)).toContain(
      "\nStopped after 0 requests, 0 repeats, 0 simulated failures.\nWritten: nothing.\n",
    );
  });

  it("accepts only the given key, and never prints it", async () => {
    for (const more of [[], ["--json"]]) {
      const { child, url } = await mock("--api-key", API_KEY, ...more);
      expect([await post(url, IRIS, { key: API_KEY }), await post(url, IRIS)]).toEqual([201, 401]);
      const stdout = await ended(child);
      expect(stdout).toMatch(/^export EVSYS_API_KEY=<your --api-key>$|"apiKey":null,"takesAnyKey":false/m);
      expect(stdout).not.toContain(API_KEY);
    }
  });

  it("prints one object per line with --json", async () => {
    const { child, url } = await mock("--json", "--fail-rate=0");
    await post(url, IRIS, { repeat: "k" });
    await post(url, IRIS, { repeat: "k" });
    const request = { event: "request", method: "POST", path: "/sdk/experiments/", status: 201, end: "responded" };
    const written = { experiments: 1, runs: 0, metrics: 0, evals: 0, checkpoints: 0, predictions: 0, patches: 0 };
    const stdout = await ended(child);
    expect(events(stdout)).toEqual([
      { event: "start", url, apiKey: "test-key", takesAnyKey: true, projectId: "test-project" },
      { ...request, committed: true, repeated: false, failure: null },
      { ...request, committed: false, repeated: true, failure: null },
      { event: "summary", requests: 2, repeats: 1, failures: 0, written },
    ]);
    for (const line of stdout.split("\n").slice(1, 3)) expect(JSON.parse(line).durationMs).toBeGreaterThan(0);
  });

  it("fails every request with --fail-rate 1, and says so", async () => {
    const { child, url } = await mock("--fail-rate", "1", "--latency-ms", "1");
    expect([await post(url, IRIS), await post(url, IRIS)]).toEqual([503, 503]);
    const stdout = await ended(child);
    expect(stdout).toContain("\nIt delays each request by 1 ms.\n");
    expect(stdout).toContain("\nIt fails 100 % of the requests, half of them after the write.\n");
    expect(stdout.match(/^503 POST .* ms simulated failure( after the write)?$/gm)).toHaveLength(2);
    expect(stdout).toContain("Stopped after 2 requests, 0 repeats, 2 simulated failures.\n");
  });

  it("drops responses, and still stores every write of a client once", async () => {
    const { child, url } = await mock("--fail-rate", "0.3", "--json");
    const connected = { baseUrl: url, apiKey: API_KEY, projectId: PROJECT_ID, logger: recordingLogger() };
    const client = clientOf({ url }, { delivery: "background" });
    await client.withRun(IRIS, async (run) => {
      for (let step = 0; step < 60; step += 1) await run.logStep(step, { loss: 1 });
    });
    let { pending } = await client.close();
    while (pending > 0) ({ pending } = await syncMirror({ ...connected, logDirs: [client.local.root] }));
    const summary = events(await ended(child)).at(-1);
    expect(summary).toMatchObject({ written: { experiments: 1, runs: 1, metrics: 60, patches: 2 } });
  });

  it("accepts any client: Python's urllib headers, and another host name of this machine", async () => {
    const { child, url } = await mock();
    const body = JSON.stringify(IRIS);
    const headers = {
      "Accept-Encoding": "identity",
      "Content-Type": "application/json",
      "Content-Length": String(Buffer.byteLength(body)),
      "User-Agent": "Python-urllib/3.12",
      Authorization: "Bearer test-key",
      Connection: "close",
    };
    const answer = await new Promise<string>((resolve, reject) => {
      const target = `${url}/api/dashboard/api/sdk/experiments/`;
      const sent = httpRequest(target, { method: "POST", headers, agent: false }, async (response) => {
        const pieces: Buffer[] = [];
        for await (const piece of response) pieces.push(piece);
        resolve(`${response.statusCode} ${response.headers.connection} ${Buffer.concat(pieces).toString("utf8")}`);
      });
      sent.on("error", reject).end(body);
    });
    expect(answer).toMatch(/^201 close \{"experiment":\{"id":"/);
    expect(await post(url.replace("localhost", "127.0.0.1"), IRIS)).toBe(201);
    expect(await ended(child)).toContain("Written: 2 experiments.\n");
  });

  it("reports a client's invalid request with the response's own message", async () => {
    const { child, url } = await mock();
    const client = clientOf({ url });
    const rejected = await failureOf(() => client.post("/sdk/experiments/", { name: "iris" }));
    expect(rejected).toMatchObject({
      status: 400,
      message: expect.stringContaining("experiment_name: this field is required"),
    });
    expect(rejected).not.toBeInstanceOf(EvsysValidationError);
    await ended(child);
  });

  it("listens on other interfaces if asked to, and says so", async () => {
    const { child, url } = await mock("--host", "0.0.0.0");
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await ended(child)).toContain("\nOther machines on the network can write to it.\n");
    const { child: closed } = await mock("--host=127.0.0.1");
    expect(await ended(closed)).not.toContain("Other machines");
  });
});

describe("a mock server that cannot start", () => {
  it("names the port in use and a way to continue, and exits with 2", async () => {
    const { port } = await mockServer();
    expect(await command(["mock", "--port", String(port)])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: `evsys-sdk: Port ${port} is in use; stop the process that uses it, or use --port 0 for a free port.\n`,
    });
  });

  it.each([
    [["--host", "nowhere.invalid"], '"nowhere.invalid" is not an address of this machine; omit --host for localhost, '],
    [["--host", "192.0.2.254"], '"192.0.2.254" is not an address of this machine; '],
    [["--host="], "--host requires an address of this machine, such as 0.0.0.0 for all interfaces."],
    [["--api-key", `${API_KEY} `], "--api-key must consist of printable ASCII characters without spaces."],
    [["--api-key="], "--api-key must consist of printable ASCII characters without spaces."],
  ])("reports in one line what is wrong with %j", async (args, message) => {
    const { code, stdout, stderr } = await command(["mock", "--port", "0", ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.split("\n")).toEqual([expect.stringContaining(`evsys-sdk: ${message}`), ""]);
    expect(stderr).not.toContain(API_KEY);
  });

  it.each([
    [["--port", "65536"], "--port must be at most 65535, not 65536."],
    [["--port", "http"], '--port must be an integer of at least 0, not "http".'],
    [["--fail-rate", "20"], "--fail-rate must be at most 1, not 20."],
    [["--latency-ms", "3000000000"], "--latency-ms must be at most 2147483647, not 3000000000."],
    [["--api-key=", API_KEY], "mock accepts only options. See evsys-sdk mock --help."],
    [["--api-key"], "--api-key requires a value: --api-key key."],
    [["--prot", "1"], "Unknown option --prot; did you mean --port?"],
  ])("reports in one line what is wrong with %j", async (args, message) => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      expect(await main(["mock", ...args])).toBe(2);
      expect(write.mock.calls).toEqual([[`evsys-sdk: ${message}\n`]]);
    } finally {
      write.mockRestore();
    }
  });
});

describe("the failures of the mock server", () => {
  it("affect the requested share of requests, half of them after the write", async () => {
    const server = await mockServer();
    // A tenth each; the second failure sees nine tenths of the requests, so it takes a ninth of those.
    const draws = [0.05, 0.15, 0.105, 0.15, 0.115, 0.99, 0.99];
    failRandomly(server, 0.2, () => draws.shift() ?? 1);
    const statuses: number[] = [];
    while (draws.length > 0) statuses.push(await post(server.url, IRIS, { key: API_KEY }));
    expect(statuses).toEqual([503, 503, 201, 201]);
    expect(server.requests.map(({ committed }) => committed)).toEqual([false, true, true, true]);
  });

  it("affect the requested share over many requests", async () => {
    const failures = { before: 0, after: 0 };
    const server = await mockServer({
      onRequest({ failure }) {
        if (failure !== undefined) failures[failure.afterCommit === true ? "after" : "before"] += 1;
      },
    });
    failRandomly(server, 0.5);
    for (let batch = 0; batch < 40; batch += 1) {
      await Promise.all(Array.from({ length: 25 }, () => post(server.url, IRIS, { key: API_KEY })));
    }
    // Six standard deviations: once in a hundred million runs it is not so.
    for (const count of Object.values(failures)) expect(Math.abs(count - 250)).toBeLessThan(83);
  });
});

describe("the memory of the mock server", () => {
  it("keeps experiments and runs, but only the number of their rows", async () => {
    const state = new CountingState();
    const server = await mockServer({ state });
    const client = clientOf(server);
    const { id: runId } = await client.createRun({ experiment_id: (await client.createExperiment(IRIS)).id });
    for (let step = 0; step < 5; step += 1) await client.logStepMetric(runId, { step, loss: 1 });
    const checkpoint = await client.addCheckpoint(runId, { uri: "s3://bucket/1" });
    await client.createEval(runId, { metrics: { accuracy: 1 }, checkpoint_id: checkpoint.id });
    await client.logPredictions(runId, [{ kind: "eval", instruction: "1 + 1", model_output: "2" }]);
    await client.updateRun(runId, { status: "completed" });
    expect(state.written).toEqual({
      experiments: 1,
      runs: 1,
      metrics: 5,
      evals: 1,
      checkpoints: 1,
      predictions: 1,
      patches: 1,
    });
    expect(server.runs).toMatchObject([{ id: runId, status: "completed" }]);
    expect([...server.metrics, ...server.evals, ...server.checkpoints, ...server.predictions]).toEqual([]);
  });
});
