import { describe, expect, it } from "vitest";
import type { OperationName } from "../../src/api/routes.js";
import { alteredBackend, json, type NoResponse } from "../support/altered-backend.js";
import { API_KEY, mockServer } from "../support/clients.js";
import { differencesOf, named, reportOn, resultOf } from "../support/contract-reports.js";
import { always, deadServer, rawServer } from "../support/servers.js";

/** Longer than any response takes, so that a busy machine does not fail a test. */
const TIMEOUT_MS = 3_000;

describe("a route that does not respond", () => {
  // It waits four times for as long as a response may take.
  it("is reported, and the other routes are still checked", { timeout: 10 * TIMEOUT_MS }, async () => {
    const silent: Partial<Record<OperationName, NoResponse>> = {
      createEval: "cut",
      logStepMetric: "hang",
      updateRun: "reset",
    };
    const server = await alteredBackend({ request: ({ operation }) => silent[operation] });
    const report = await reportOn(server, { timeoutMs: TIMEOUT_MS });
    expect(named(report, "differs")).toEqual([
      "createEval: every field",
      "createEval: required fields only",
      "logStepMetric: every field",
      "logStepMetric: required fields only",
      "updateRun: every field",
      "updateRun: required fields only",
    ]);
    const found = (operation: OperationName) => differencesOf(report, operation, "every field");
    const [where, expected] = ["response", "a response"];
    expect(found("createEval")).toEqual([{ where, expected, got: "no response within 3000 ms" }]);
    expect(found("logStepMetric")).toEqual([{ where, expected, got: "no response within 3000 ms" }]);
    expect(found("updateRun")).toEqual([
      { where, expected, got: "the connection was closed before the response was complete" },
    ]);
    expect(resultOf(report, "logStepMetric", "rejects invalid keys")).toMatchObject({
      verdict: "not tested",
      reason: "the route did not respond to earlier requests",
    });
    expect(report.unreachable).toBeNull();
    expect(resultOf(report, "logPredictions", "rejects invalid keys")).toMatchObject({ verdict: "conforms" });
    expect(report.experiments.every(({ isMarked }) => isMarked)).toBe(true);
  });
});

describe("an unreachable backend", () => {
  it("is reported if nothing listens", async () => {
    const report = await reportOn(await deadServer());
    expect(report).toMatchObject({ conforms: 0, differs: 0, experiments: [] });
    expect(report.unreachable).toMatch(/ECONNREFUSED/);
    expect(resultOf(report, "updateRun", "every field")).toMatchObject({
      verdict: "not tested",
      reason: expect.stringMatching(/^the backend could not be reached: connect ECONNREFUSED/),
    });
  });

  it("is reported if it accepts requests but never responds", async () => {
    const server = await rawServer(() => {});
    const report = await reportOn(server, { timeoutMs: 200 });
    expect(report).toMatchObject({ conforms: 0, differs: 0, unreachable: "no response within 200 ms" });
    // One of a check and one that asks whether anybody is there, and no more waiting than that.
    expect(server.requests.length).toBeLessThanOrEqual(2);
    expect(report.experiments).toMatchObject([
      { name: expect.stringMatching(/^contract-test-/), id: null, isMarked: false },
    ]);
  });

  it("is reported if it disappears during the checks, with the records left there", async () => {
    let isGone = false;
    const server = await alteredBackend({
      request: ({ operation }) => {
        isGone ||= operation === "createEval";
        return isGone ? "reset" : undefined;
      },
    });
    const report = await reportOn(server);
    expect(report.unreachable).not.toBeNull();
    expect(report.differs).toBe(0);
    expect(resultOf(report, "addCheckpoint", "every field")).toMatchObject({ verdict: "conforms" });
    expect(report.experiments.map(({ id }) => id)).toEqual(server.mock.experiments.map(({ id }) => id));
    expect(report.experiments.every(({ isMarked }) => !isMarked)).toBe(true);
  });

  it("is reported if it redirects: the target is named and not called", async () => {
    const target = await rawServer(always(200, {}));
    const server = await rawServer(always(307, "", { location: `${target.url}/login` }));
    const report = await reportOn(server);
    expect(differencesOf(report, "createExperiment", "every field")).toEqual([
      { where: "status", expected: "201", got: `307, a redirect to ${target.url}/login, which is not followed` },
    ]);
    expect(target.requests).toEqual([]);
    expect(report).toMatchObject({ unreachable: null, conforms: 0 });
  });
});

describe("the API key", () => {
  it.each([401, 403])("is reported as rejected if every response is %i", async (status) => {
    const server = await rawServer(always(status, { detail: "no" }));
    const report = await reportOn(server);
    expect(report).toMatchObject({ isKeyRejected: true, experiments: [] });
    expect(report.differs).toBe(0);
    expect(server.requests).toHaveLength(1);
    expect(resultOf(report, "updateRun", "every field")).toMatchObject({ reason: "the backend rejected the API key" });
  });

  it("is not reported as rejected if only one route rejects it", async () => {
    const server = await alteredBackend({
      alterResponse: (_, { operation }) => (operation === "logStepMetric" ? json({ detail: "no" }, 403) : undefined),
    });
    expect(await reportOn(server)).toMatchObject({ isKeyRejected: false, differs: 2 });
  });

  it.each([
    ["as it is", 200, API_KEY, (key: string) => key],
    ["as it is", 307, API_KEY, (key: string) => key],
    ["in escapes", 400, API_KEY, (key: string) => key.replace("s", "\\u0073")],
    ["in quotes", 400, 'q"uo\\te-key', (key: string) => JSON.stringify(key).slice(1, -1)],
    ["in quotes", 307, 'q"uo\\te-key', (key: string) => JSON.stringify(key).slice(1, -1)],
    ["where a long answer is cut", 400, API_KEY, (key: string) => `${"x".repeat(170)} ${key}`],
  ])("is not shown, even if a response repeats it %s with %i", async (_, status, apiKey, written) => {
    const text = `{"detail":"not with ${written(apiKey)}","${written(apiKey)}":[]}`;
    const headers = { "content-type": `text/${apiKey}`, location: `/?key=${encodeURIComponent(apiKey)}` };
    const server = await rawServer((_request, response) => response.writeHead(status, headers).end(text));
    const report = await reportOn(server, { apiKey });
    const shown = JSON.stringify(report);
    expect(report.differs).toBeGreaterThan(0);
    expect(shown).toContain("[API");
    for (const form of [JSON.stringify(apiKey).slice(1, -1), apiKey.slice(0, 8), encodeURIComponent(apiKey)]) {
      expect(shown).not.toContain(form);
    }
  });
});

describe("a rate limit", () => {
  it("is waited for once", async () => {
    let limited = 0;
    const server = await alteredBackend({
      request: () => {
        limited += 1;
        const limit = { status: 429, headers: { "retry-after": "0" }, text: "" };
        return limited % 3 === 1 ? limit : undefined;
      },
    });
    expect(await reportOn(server)).toMatchObject({ differs: 0, notTested: 0 });
  });

  it("leaves the remaining checks untested", async () => {
    const limit = { status: 429, headers: { "retry-after": "0" }, text: "" };
    const server = await alteredBackend({
      request: ({ operation }) => (operation === "logStepMetric" ? limit : undefined),
    });
    const report = await reportOn(server);
    expect(report.differs).toBe(0);
    expect(resultOf(report, "logStepMetric", "every field")).toMatchObject({
      verdict: "not tested",
      reason: "the backend limits the rate (429)",
    });
  });
});

describe("test records", () => {
  it("are marked as invalid at the second attempt if the first one fails", async () => {
    let failures = 0;
    const server = await alteredBackend({
      request: ({ operation, text }) => {
        if (operation !== "updateExperiment" || text !== '{"is_valid":false}' || failures > 0) return undefined;
        failures += 1;
        return "reset";
      },
    });
    const report = await reportOn(server);
    expect(failures).toBe(1);
    expect(report.differs).toBe(0);
    expect(report.experiments.every(({ isMarked }) => isMarked)).toBe(true);
    expect(server.mock.experiments.every(({ is_valid }) => is_valid === false)).toBe(true);
  });

  it("are reported if the backend does not mark them", async () => {
    const server = await alteredBackend({
      request: ({ text }) => (text === '{"is_valid":false}' ? json({ detail: "no" }, 400) : undefined),
    });
    const report = await reportOn(server);
    const check = "marks the test records is_valid=false";
    expect(named(report, "differs")).toEqual([`updateExperiment: ${check}`]);
    const { name } = report.experiments[0] ?? { name: "" };
    expect(differencesOf(report, "updateExperiment", check)[0]).toEqual({
      where: `${name}, status`,
      expected: "200",
      got: '400: {"detail":"no"}',
    });
    expect(report.experiments.every(({ isMarked }) => !isMarked)).toBe(true);
  });

  it("are marked even if a response was lost, whose record is named", async () => {
    let lost = 0;
    const server = await alteredBackend({
      alterResponse: (_, { operation }) => {
        if (operation !== "createExperiment" || lost > 0) return undefined;
        lost += 1;
        return "reset";
      },
    });
    const report = await reportOn(server);
    const [unknown, ...known] = report.experiments;
    expect(unknown).toEqual({ name: server.mock.experiments[0]?.experiment_name, id: null, isMarked: false });
    expect(known.map(({ id }) => id)).toEqual(server.mock.experiments.slice(1).map(({ id }) => id));
    expect(known.every(({ isMarked }) => isMarked)).toBe(true);
    // The request with every field names is_valid itself.
    expect(server.mock.experiments.every(({ is_valid }) => is_valid === false)).toBe(true);
    expect(resultOf(report, "createRun", "every field")).toMatchObject({ verdict: "conforms" });
  });

  it("are marked if the checks are aborted", async () => {
    const stop = new AbortController();
    const server = await mockServer();
    server.failNext({
      status: 500,
      times: Number.POSITIVE_INFINITY,
      match: ({ path }) => {
        if (path.endsWith("/evals/")) stop.abort();
        return false;
      },
    });
    const report = await reportOn(server, { signal: stop.signal });
    expect(report).toMatchObject({ isStopped: true, differs: 0, unreachable: null });
    expect(server.evals).toHaveLength(1);
    expect(server.metrics).toEqual([]);
    expect(resultOf(report, "logStepMetric", "every field")).toMatchObject({
      verdict: "not tested",
      reason: "the checks were stopped",
    });
    expect(server.experiments.length).toBeGreaterThan(1);
    expect(server.experiments.every(({ is_valid }) => is_valid === false)).toBe(true);
  });
});
