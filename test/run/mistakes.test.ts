import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it, vi } from "vitest";
import {
  AuthenticationError,
  DashboardClient,
  EvsysValidationError,
  type ExperimentRun,
  syncMirror,
} from "../../src/index.js";
import { clientOf, failureOf, mockServer, offlineClient, runOnServer, wrong } from "../support/clients.js";
import { temporaryFolder } from "../support/folders.js";
import { recordingLogger } from "../support/loggers.js";

const OPTIONS = { experiment_name: "iris" } as const;
const STEP_FIRST = "run.logStep: the step goes first: logStep(3, { loss })";
const SPLIT_LAST = 'give the split as third argument: { split: "val" }';

describe("run.logStep", () => {
  const mistakes: readonly (readonly [string, (run: ExperimentRun) => unknown])[] = [
    [STEP_FIRST, (run) => run.logStep({ step: 3, loss: 0.5 })],
    [STEP_FIRST, (run) => run.logStep(3, { step: 4, loss: 0.5 })],
    [STEP_FIRST, (run) => run.logStep({ loss: 0.5 }, wrong(3))],
    ["step: expected an integer", (run) => run.logStep(wrong("3"), { loss: 1 })],
    [SPLIT_LAST, (run) => run.logStep(9, { loss: 1 }, wrong(5))],
    [SPLIT_LAST, (run) => run.logStep(9, { loss: 1 }, wrong("val"))],
    [SPLIT_LAST, (run) => run.logStep(9, wrong({ split: "val", loss: 1 }))],
    ["splt: unknown option", (run) => run.logStep(9, { loss: 1 }, wrong({ splt: "val" }))],
    ["got {}", (run) => run.logStep(8, {})],
    ["got undefined", (run) => Reflect.apply(run.logStep, run, [8])],
    ["got 4 arguments", (run) => Reflect.apply(run.logStep, run, [8, { loss: 1 }, undefined, 1])],
  ];

  it.each(mistakes)("rejects a call that would not log what was meant: %s", async (said, call) => {
    const server = await mockServer();
    const run = await clientOf(server).startRun(OPTIONS);
    const error = await failureOf(() => call(run));
    expect(error).toBeInstanceOf(EvsysValidationError);
    expect(String(error)).toContain(said);
    expect(server.metrics).toEqual([]);
    // The document takes any whole number.
    await run.logStep(-1, { loss: 1 }, { split: "val" });
    expect(server.metrics).toMatchObject([{ step: -1, split: "val", metrics: { loss: 1 } }]);
  });
});

it("run.id is the same as run.runId", async () => {
  const client = offlineClient();
  const run = await client.startRun(OPTIONS);
  expect(run.id).toBe(run.runId);
  await client.withRun(OPTIONS, (other) => expect(other.id).toBe(other.runId));
});

it("an invalid score or conclusion is rejected when it is set", async () => {
  const client = offlineClient();
  const run = await client.startRun(OPTIONS);
  expect(String(await failureOf(() => run.setBestScore(wrong("0.9"))))).toContain(
    'run.setBestScore: score: expected a number, got "0.9"',
  );
  expect(String(await failureOf(() => run.setConclusion(wrong(7))))).toContain("conclusion: expected a string, got 7");
  await run.complete();
  expect(client.local.experiments()).toMatchObject([{ status: "completed" }]);
});

it("a trackBest series that was never logged is reported at the end, with the logged ones", async () => {
  const logger = recordingLogger();
  const client = offlineClient({ logger });
  const train = (trackBest: string) =>
    client.withRun({ ...OPTIONS, trackBest }, (run) => run.logStep({ accuracy: 1, loss: 0 }));
  await train("accuracy");
  expect(logger.lines).toEqual([]);
  await train("acuracy");
  expect(logger.of("warn")).toEqual([
    '[evsys-sdk] trackBest: no series "acuracy" was logged; logged series: accuracy, loss.',
  ]);
});

describe("the hint of an error", () => {
  it("names the variable of the key once, and is not in a report", async () => {
    const { server, runId } = await runOnServer();
    const client = clientOf(server, { apiKey: "another-key" });
    const error = await failureOf(() => client.logStepMetric(runId, { step: 1, loss: 1 }));
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(String(error)).toMatch(/[^.]\. Set EVSYS_API_KEY or apiKey\.$/);
    expect((await client.flush()).blocked).not.toContain("EVSYS_API_KEY");
  });

  it.skipIf(process.getuid?.() === 0)("names the variable of a folder that cannot be created", async () => {
    const folder = join(temporaryFolder(), "read-only");
    mkdirSync(folder);
    chmodSync(folder, 0o500);
    const error = await failureOf(() => offlineClient({ logDir: join(folder, "mirror") }).createExperiment(OPTIONS));
    expect(String(error)).toContain("Set EVSYS_LOG_DIR (or logDir) to a writable folder.");
  });

  it.each(["", "/"])("suggests the URL without the part that the client adds%s", async (end) => {
    const baseUrl = `http://localhost:8000/api/dashboard/api${end}`;
    expect(String(await failureOf(() => new DashboardClient({ baseUrl, offline: true })))).toContain(
      "baseUrl: give the address without /api/dashboard/api, such as http://localhost:8000",
    );
  });

  it("lists the values of EVSYS_OFFLINE", async () => {
    vi.stubEnv("EVSYS_OFFLINE", "ja");
    const error = await failureOf(() => new DashboardClient({ apiKey: "k", projectId: "p" }));
    vi.unstubAllEnvs();
    expect(String(error)).toContain('EVSYS_OFFLINE: expected one of 1, true, yes, on, 0, false, no, off, got "ja"');
  });

  it("suggests a similar field or id, and lists the known ones once", async () => {
    const client = offlineClient();
    const experiment = await client.createExperiment(OPTIONS);
    const said = async (call: () => unknown) => String(await failureOf(call));
    expect(await said(() => client.startRun(wrong({ ...OPTIONS, sead: 1 })))).toMatch(/did you mean seed\?$/);
    expect(await said(() => new DashboardClient(wrong({ base_url: "", q1: 1, q2: 2 })))).toMatch(
      /base_url: unknown field; did you mean baseUrl\?; q1: unknown field; q2: unknown field; known fields: [^:]+$/,
    );
    expect(await said(() => client.logStepMetric("r", wrong({ step: 1, entropy: 1 })))).toContain(
      "entropy: unknown field; put it in metrics",
    );
    expect(await said(() => syncMirror(wrong({ dry_run: true, logDirs: [] })))).toContain(
      "syncMirror options: dry_run",
    );
    expect(await said(() => client.createRun({ experiment_id: wrong(experiment) }))).toContain(
      "did you mean experiment.id?",
    );
  });

  it("is printed once, although `issues` has it too", async () => {
    const error = await failureOf(() => offlineClient().createExperiment(wrong({})));
    expect(error).toMatchObject({ issues: [{ field: "experiment_name" }] });
    expect(inspect(error).match(/experiment_name/g)).toHaveLength(1);
  });
});

it("an error about a backend without TLS says so", async () => {
  const server = await mockServer();
  const logger = recordingLogger();
  const client = clientOf({ url: server.url.replace("http:", "https:") }, { logger, maxRetries: 0 });
  await client.createExperiment(OPTIONS);
  expect(logger.of("warn").join()).toContain("(the server does not speak TLS; use http instead of https?)");
  expect(logger.of("warn").join()).toMatch(/To check the connection: npx evsys-sdk doctor$/);
});
