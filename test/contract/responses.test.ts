import { describe, expect, it } from "vitest";
import type { OperationName } from "../../src/api/routes.js";
import { type Alterations, alteredBackend, json } from "../support/altered-backend.js";
import { mockServer, UUID } from "../support/clients.js";
import { differencesOf, named, reportOn, resultOf } from "../support/contract-reports.js";

type Body = Readonly<Record<string, unknown>>;

/** A backend with other bodies in the successful responses of some routes. */
function altered(changes: Partial<Record<OperationName, (body: Body) => unknown>>): Alterations {
  return {
    alterResponse: ({ status, text }, { operation }) => {
      const change = changes[operation];
      return change === undefined || status >= 300 ? undefined : json(change(JSON.parse(text)), status);
    },
  };
}

describe("a conforming backend", () => {
  it("passes every check, and keeps only experiments marked as invalid", async () => {
    const server = await mockServer();
    const report = await reportOn(server);
    expect(report).toMatchObject({ differs: 0, notTested: 0, conforms: report.checks.length });
    expect(report).toMatchObject({ unreachable: null, isKeyRejected: false, isStopped: false });
    expect(report.document).toBe("EvolvingSystems SDK write routes 1.0.0");
    for (const operation of ["createExperiment", "updateRun", "logPredictions"] as const) {
      expect(resultOf(report, operation, "every field")).toMatchObject({ verdict: "conforms" });
    }
    const { experiments } = report;
    expect(server.experiments.length).toBeGreaterThan(1);
    expect(server.experiments.every(({ is_valid }) => is_valid === false)).toBe(true);
    expect(experiments).toEqual(
      server.experiments.map(({ id, experiment_name: name }) => ({ id, name, isMarked: true })),
    );
    for (const { name } of experiments) expect(name).toMatch(/^contract-test-[0-9a-f]{8}-\d+$/);
    expect(new Set(experiments.map(({ name }) => name)).size).toBe(experiments.length);
  });
});

describe("a response that does not conform", () => {
  it("is reported with its request", async () => {
    const report = await reportOn(await alteredBackend(altered({ updateRun: () => ({ id: "x" }) })));
    expect(resultOf(report, "updateRun", "required fields only")).toMatchObject({
      differences: expect.arrayContaining([
        expect.objectContaining({
          request: {
            method: "POST",
            path: expect.stringMatching(/^\/sdk\/runs\/[\w-]+\/$/),
            body: expect.stringMatching(/^\{"/),
          },
          response: { status: 200, text: '{"id":"x"}' },
        }),
      ]),
    });
  });

  it("is reported for a wrong type or a missing value", async () => {
    const report = await reportOn(
      await alteredBackend(
        altered({
          addCheckpoint: () => [],
          createEval: () => ({ ok: true, id: "" }),
          logStepMetric: () => ({ ok: false }),
          logPredictions: () => ({ ok: true, inserted: "1" }),
          updateRun: ({ id }) => ({ id }),
        }),
      ),
    );
    const differences = (operation: OperationName) => differencesOf(report, operation, "every field");
    expect(differences("addCheckpoint")).toEqual([{ where: "response", expected: "object", got: "[]" }]);
    expect(differences("createEval")).toEqual([
      { where: "id", expected: "a value that must NOT have fewer than 1 characters", got: '""' },
    ]);
    expect(differences("logStepMetric")).toEqual([{ where: "ok", expected: "true", got: "false" }]);
    expect(differences("logPredictions")).toEqual([{ where: "inserted", expected: "integer", got: '"1"' }]);
    expect(differences("updateRun")).toEqual([{ where: "patched", expected: "to be there", got: "nothing" }]);
    for (const each of named(report, "differs"))
      expect(each).not.toMatch(/^(create(Experiment|Run)|updateExperiment): /);
  });

  it("is reported for contradicting the request", async () => {
    const report = await reportOn(
      await alteredBackend(
        altered({
          logPredictions: () => ({ ok: true, inserted: 0 }),
          updateRun: ({ patched }) => ({ id: "other", patched }),
          updateExperiment: ({ experiment_id }) => ({ experiment_id, patched: ["status", "is_valid"] }),
        }),
      ),
    );
    const differences = (operation: OperationName) => differencesOf(report, operation, "every field");
    expect(differences("logPredictions")).toEqual([{ where: "inserted", expected: "1", got: "0" }]);
    expect(differences("updateRun")).toEqual([
      { where: "id", expected: expect.stringMatching(/^"[0-9a-f-]{36}"$/), got: '"other"' },
    ]);
    expect(differences("updateExperiment")).toEqual([
      { where: "patched", expected: expect.stringMatching(/^best_score, .* in it$/), got: '["status","is_valid"]' },
    ]);
  });

  it("is reported for another 2xx status", async () => {
    const alterResponse: Alterations["alterResponse"] = ({ status }) => (status === 201 ? { status: 200 } : undefined);
    const report = await reportOn(await alteredBackend({ alterResponse }));
    expect(differencesOf(report, "createRun", "required fields only")).toEqual([
      { where: "status", expected: "201", got: expect.stringMatching(/^200: \{"run":\{"id":/) },
    ]);
    // The schema allows any 2xx for these, and only 200 for the patches.
    expect(named(report, "differs").filter((each) => !/^create(Experiment|Run): /.test(each))).toEqual([]);
    expect(report.notTested).toBe(0);
  });

  it("is reported if it is not JSON", async () => {
    const wrong: Partial<Record<OperationName, [string | undefined, string]>> = {
      createEval: ["text/html; charset=utf-8", "<html>\n<h1>Sign in</h1>"],
      addCheckpoint: ["application/json", ""],
      logStepMetric: [undefined, ""],
    };
    const report = await reportOn(
      await alteredBackend({
        alterResponse: (_, { operation }) => {
          const [type, text = ""] = wrong[operation] ?? [undefined];
          return operation in wrong ? { status: 200, headers: type ? { "content-type": type } : {}, text } : undefined;
        },
      }),
    );
    const differences = (operation: OperationName) => differencesOf(report, operation, "every field");
    const expected = "application/json";
    expect(differences("createEval")).toEqual([
      { where: "content-type", expected, got: "text/html" },
      { where: "response", expected: "JSON", got: "<html> <h1>Sign in</h1>" },
    ]);
    const empty = { where: "response", expected: "JSON", got: "an empty body" };
    expect(differences("addCheckpoint")).toEqual([empty]);
    expect(differences("logStepMetric")).toEqual([{ where: "content-type", expected, got: "none" }, empty]);
  });

  it("does not end the checks if the id is a number", async () => {
    const numbers = new Map<string, string>();
    const server = await alteredBackend({
      request: ({ path, text }) => {
        const known = (part: string, id: string): string => numbers.get(id) ?? part;
        return {
          path: path.replace(/(?<=experiments\/)\d+/, (id) => known(id, id)),
          text: text.replace(/"experiment_id":"(\d+)"/, (part, id) => `"experiment_id":"${known(part, id)}"`),
        };
      },
      alterResponse: ({ status, text }, { operation }) => {
        if (operation !== "createExperiment" || status !== 201) return undefined;
        numbers.set(String(numbers.size + 1), JSON.parse(text).experiment.id);
        return json({ experiment: { id: numbers.size } }, 201);
      },
    });
    const report = await reportOn(server);
    expect(differencesOf(report, "createExperiment", "every field")).toEqual([
      { where: "experiment.id", expected: "string", got: "1" },
    ]);
    expect(resultOf(report, "createRun", "every field")).toMatchObject({ verdict: "conforms" });
    expect(server.mock.experiments.every(({ is_valid }) => is_valid === false)).toBe(true);
    expect(server.mock.experiments[0]?.id).toMatch(UUID);
  });
});

describe("a check that cannot be run", () => {
  it("names the request that it depends on", async () => {
    const report = await reportOn(await alteredBackend(altered({ createRun: () => ({ run: {} }) })));
    expect(differencesOf(report, "createRun", "required fields only")).toEqual([
      { where: "run.id", expected: "to be there", got: "nothing" },
    ]);
    const untested = named(report, "not tested");
    expect(untested).toContain("logStepMetric: every field");
    expect(untested).toContain("updateRun: rejects unknown ids");
    expect(resultOf(report, "logStepMetric", "every field")).toMatchObject({
      reason: "it needs a run, and createRun returned no id",
    });
    expect(resultOf(report, "updateExperiment", "every field")).toMatchObject({
      verdict: "conforms",
      note: "without best_generation_id, because there is no id for it",
    });
  });

  it("covers the rejections by a route that rejects valid requests too", async () => {
    const report = await reportOn(
      await alteredBackend({
        alterResponse: (_, { operation, headers }) =>
          operation === "addCheckpoint" && !/contract-test|^$/.test(headers.authorization ?? "")
            ? json({ detail: "closed" }, 400)
            : undefined,
      }),
    );
    expect(named(report, "differs")).toEqual(["addCheckpoint: every field", "addCheckpoint: required fields only"]);
    expect(differencesOf(report, "addCheckpoint", "every field")).toEqual([
      { where: "status", expected: "2XX", got: '400: {"detail":"closed"}' },
    ]);
    for (const check of ["rejects unknown fields", "rejects wrong types and values", "rejects unknown ids"]) {
      expect(resultOf(report, "addCheckpoint", check)).toMatchObject({
        verdict: "not tested",
        reason: "the route accepted no valid request, so a rejection would prove nothing",
      });
    }
    expect(resultOf(report, "addCheckpoint", "rejects invalid keys")).toMatchObject({ verdict: "conforms" });
  });
});
