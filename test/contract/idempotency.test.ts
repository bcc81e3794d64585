import { describe, expect, it } from "vitest";
import { alteredBackend, json } from "../support/altered-backend.js";
import { mockServer } from "../support/clients.js";
import { differencesOf, named, reportOn, resultOf } from "../support/contract-reports.js";

const RETURNING_IDS = ["createExperiment", "createRun", "addCheckpoint", "createEval"] as const;

describe("Idempotency-Key", () => {
  it("is honoured if a repeat gets the first response", async () => {
    const server = await mockServer();
    const report = await reportOn(server);
    expect(report.idempotencyKey).toBe("honoured");
    for (const operation of RETURNING_IDS) {
      expect(resultOf(report, operation, "Idempotency-Key")).toMatchObject({ verdict: "conforms", note: "honoured" });
    }
    // Nothing else can tell, and is not asked.
    expect(report.checks.filter(({ check }) => check === "Idempotency-Key")).toHaveLength(RETURNING_IDS.length);
  });

  it("is ignored if a repeat is stored again, which is no difference", async () => {
    const server = await mockServer({ honourIdempotencyKeys: false });
    const report = await reportOn(server);
    expect(report).toMatchObject({ idempotencyKey: "ignored", differs: 0, notTested: 0 });
    expect(resultOf(report, "createRun", "Idempotency-Key")).toMatchObject({
      verdict: "conforms",
      note: "ignored, which the schema allows",
    });
    expect(server.experiments.every(({ is_valid }) => is_valid === false)).toBe(true);
  });

  it("may be honoured by only some routes", async () => {
    const server = await alteredBackend({
      request: ({ operation, headers: { "idempotency-key": _, ...headers } }) =>
        operation === "createEval" ? { headers } : undefined,
    });
    const report = await reportOn(server);
    expect(report).toMatchObject({ idempotencyKey: "in part", differs: 0 });
    expect(resultOf(report, "createEval", "Idempotency-Key")).toMatchObject({
      note: expect.stringMatching(/^ignored/),
    });
  });

  it("is reported if a repeat is rejected", async () => {
    const keys = new Set<unknown>();
    const server = await alteredBackend({
      request: ({ headers }) => {
        const { "idempotency-key": key } = headers;
        if (key !== undefined && keys.has(key)) return json({ detail: "seen before" }, 409);
        keys.add(key);
        return undefined;
      },
    });
    const report = await reportOn(server);
    expect(differencesOf(report, "createRun", "Idempotency-Key")).toEqual([
      { where: "the repeat, status", expected: "201", got: '409: {"detail":"seen before"}' },
    ]);
    expect(report.idempotencyKey).toBe("rejected");
    expect(report.idempotencyRoutes).toMatchObject({ honoured: [], ignored: [], rejected: RETURNING_IDS });
  });

  it("cannot be determined if responses have no id or always the same one", async () => {
    const server = await alteredBackend({
      alterResponse: ({ status }, { operation }) => {
        if (status !== 201) return undefined;
        if (operation === "addCheckpoint") return json({ ok: true, id: "same" }, 201);
        return operation === "createEval" ? json({ ok: true }, 201) : undefined;
      },
    });
    const report = await reportOn(server);
    expect(named(report, "not tested")).toEqual(["addCheckpoint: Idempotency-Key", "createEval: Idempotency-Key"]);
    expect(resultOf(report, "addCheckpoint", "Idempotency-Key")).toMatchObject({
      reason: "two requests with different keys got the same id",
    });
    expect(resultOf(report, "createEval", "Idempotency-Key")).toMatchObject({
      reason: "the response has no id, so a repeat looks like a second write",
    });
    // The id is optional in the document, and so is the field that would have named it.
    expect(resultOf(report, "logPredictions", "every field")).toMatchObject({
      verdict: "conforms",
      note: "without eval_id, because there is no id for it",
    });
    expect(report).toMatchObject({ idempotencyKey: "honoured", differs: 0 });
    expect(report.idempotencyRoutes.honoured).toEqual(["createExperiment", "createRun"]);
    expect(report.idempotencyRoutes.notSeen).toEqual(expect.arrayContaining(["addCheckpoint", "createEval"]));
  });
});
