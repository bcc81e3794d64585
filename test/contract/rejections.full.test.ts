import { describe, expect, it } from "vitest";
import type { OperationName } from "../../src/api/routes.js";
import { alteredBackend, json, type WireResponse } from "../support/altered-backend.js";
import { API_KEY } from "../support/clients.js";
import { differencesOf, named, reportOn } from "../support/contract-reports.js";

const UNKNOWN = /,"contract_test_unknown_field":"contract-test"/g;

describe("a backend that accepts invalid requests", () => {
  it("is reported for unknown fields", async () => {
    const server = await alteredBackend({ request: ({ text }) => ({ text: text.replace(UNKNOWN, "") }) });
    const report = await reportOn(server);
    const closed = ["createExperiment", "createRun", "addCheckpoint", "createEval", "logStepMetric", "logPredictions"];
    const all = [...closed, "updateExperiment"];
    expect(named(report, "differs")).toEqual(all.map((operation) => `${operation}: rejects unknown fields`));
    expect(differencesOf(report, "logPredictions", "rejects unknown fields")).toEqual([
      {
        where: "with contract_test_unknown_field, status",
        expected: "a rejection of the body, such as 400 or 422",
        got: '201: {"ok":true,"inserted":1}',
      },
      expect.objectContaining({ where: "with predictions[0].contract_test_unknown_field, status" }),
    ]);
    // What was taken by mistake is a test record too.
    expect(server.mock.experiments.every(({ is_valid }) => is_valid === false)).toBe(true);
    expect(report.experiments.map(({ id }) => id)).toEqual(server.mock.experiments.map(({ id }) => id));
  });

  it("is reported for each field whose type or value it does not check", async () => {
    const server = await alteredBackend({
      request: ({ text }) => ({
        text: text
          .replace('"split":"contract-test"', '"split":"train"')
          .replace(/"(step|sample_idx|loss)":"1"/g, '"$1":1'),
      }),
    });
    const report = await reportOn(server);
    const check = "rejects wrong types and values";
    const having = ["addCheckpoint", "createEval", "logStepMetric", "logPredictions"] as const;
    expect(named(report, "differs")).toEqual(having.map((operation) => `${operation}: ${check}`));
    const wheres = having.map((operation) => differencesOf(report, operation, check).map(({ where }) => where));
    expect(wheres).toEqual([
      ['step: "1", status'],
      ['step: "1", status'],
      ['step: "1", status', 'split: "contract-test", status', 'metrics.loss: "1", status'],
      ['predictions[0].sample_idx: "1", status', 'predictions[0].step: "1", status'],
    ]);
  });

  it("is reported for missing required fields and unknown ids", async () => {
    const server = await alteredBackend({
      request: ({ operation, body, text }) => {
        if (operation === "updateRun" && text === "{}") return json({ id: "run", patched: [] });
        if (operation !== "logStepMetric" || "split" in body) return undefined;
        return { text: JSON.stringify({ ...body, split: "val" }) };
      },
      alterResponse: ({ status }, { operation }) =>
        status === 404 && operation === "createEval" ? json({ ok: true }) : undefined,
    });
    const report = await reportOn(server);
    expect(named(report, "differs")).toEqual([
      "createEval: rejects unknown ids",
      "logStepMetric: rejects missing fields",
      "updateRun: rejects missing fields",
    ]);
    expect(differencesOf(report, "createEval", "rejects unknown ids")).toEqual([
      { where: "the path, status", expected: "404", got: '200: {"ok":true}' },
    ]);
    expect(differencesOf(report, "logStepMetric", "rejects missing fields")).toMatchObject([
      { where: "without split, status" },
    ]);
    expect(differencesOf(report, "updateRun", "rejects missing fields")).toMatchObject([{ where: "body: {}, status" }]);
  });

  it("is reported for accepting any key or none", async () => {
    const server = await alteredBackend({
      request: ({ headers }) => ({ headers: { ...headers, authorization: `Bearer ${API_KEY}` } }),
    });
    const report = await reportOn(server);
    const differing = named(report, "differs");
    expect(differing).toHaveLength(8);
    expect(new Set(differing.map((each) => each.replace(/^\w+/, "")))).toEqual(new Set([": rejects invalid keys"]));
    expect(differencesOf(report, "createRun", "rejects invalid keys")).toEqual([
      { where: "a wrong key, status", expected: "401 or 403", got: expect.stringMatching(/^201: /) },
      { where: "no key, status", expected: "401 or 403", got: expect.stringMatching(/^201: /) },
    ]);
    expect(report.experiments.map(({ id }) => id)).toEqual(server.mock.experiments.map(({ id }) => id));
    expect(report.experiments.every(({ isMarked }) => isMarked)).toBe(true);
  });
});

describe("an error response that does not conform", () => {
  it("is reported", async () => {
    const otherwise: Partial<Record<OperationName, Partial<WireResponse>>> = {
      createRun: { text: '{"run":{"id":"run"}}' },
      addCheckpoint: { headers: { "content-type": "text/html" }, text: "<h1>Bad Request</h1>" },
      createEval: { text: '["bad"]' },
      logStepMetric: { status: 500 },
      logPredictions: { status: 408 },
      updateExperiment: { status: 404 },
    };
    const report = await reportOn(
      await alteredBackend({
        alterResponse: ({ status }, { operation }) => (status === 400 ? otherwise[operation] : undefined),
      }),
    );
    const what = "with contract_test_unknown_field";
    const found = (operation: OperationName) => differencesOf(report, operation, "rejects unknown fields");
    expect(found("createExperiment")).toEqual([]);
    expect(found("createRun")).toEqual([
      {
        where: `${what}, response`,
        expected: "an error",
        got: 'the response to an accepted request: {"run":{"id":"run"}}',
      },
    ]);
    expect(found("addCheckpoint")).toEqual([
      { where: `${what}, content-type`, expected: "application/json or text/plain", got: "text/html" },
      { where: `${what}, response`, expected: "JSON", got: "<h1>Bad Request</h1>" },
    ]);
    expect(found("createEval")).toEqual([{ where: `${what}, response`, expected: "object", got: '["bad"]' }]);
    const expected = "a rejection of the body, such as 400 or 422";
    for (const [operation, status] of [
      ["logStepMetric", 500],
      ["logPredictions", 408],
      ["updateExperiment", 404],
    ] as const) {
      const got = expect.stringMatching(new RegExp(`^${status}: \\{"detail":"`));
      expect(found(operation)[0]).toEqual({ where: `${what}, status`, expected, got });
    }
    for (const each of named(report, "differs")) expect(each).toMatch(/: rejects (unknown|missing) fields|wrong types/);
  });
});

describe("a 404 response", () => {
  it("does not count as rejecting a body if the parent exists", async () => {
    const server = await alteredBackend({
      alterResponse: ({ status }, { operation }) =>
        status === 400 && operation === "createRun" ? { status: 404 } : undefined,
    });
    const report = await reportOn(server);
    expect(differencesOf(report, "createRun", "rejects unknown fields")).toMatchObject([
      { expected: "a rejection of the body, such as 400 or 422", got: expect.stringMatching(/^404/) },
    ]);
    expect(named(report, "conforms")).toContain("createRun: rejects unknown ids");
    const wheres = differencesOf(report, "createRun", "rejects wrong types and values").map(({ where }) => where);
    expect(wheres).toContain('seed: "1", status');
    expect(wheres.filter((where) => where.startsWith("experiment_id"))).toEqual([]);
  });
});

describe("an error response that conforms", () => {
  it("may be plain text, a 403 for an invalid key, or a 422 for the unknown parent of a new run", async () => {
    const server = await alteredBackend({
      alterResponse: ({ status }, { operation }) => {
        if (status === 401) return { status: 403 };
        if (status === 404 && operation === "createRun") return { status: 422 };
        return status === 400 ? { headers: { "content-type": "text/plain" }, text: "no" } : undefined;
      },
    });
    expect(await reportOn(server)).toMatchObject({ differs: 0, notTested: 0 });
  });
});
