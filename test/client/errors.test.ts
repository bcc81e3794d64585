import { describe, expect, it } from "vitest";
import * as sdk from "../../src/index.js";
import { API_KEY, clientOf, collected, failureOf, mockServer, runOnServer } from "../support/clients.js";
import { always, rawServer } from "../support/servers.js";

const CLASSES = [
  { status: 400, words: "Bad Request", Class: sdk.BadRequestError, name: "BadRequestError", pending: false },
  { status: 401, words: "Unauthorized", Class: sdk.AuthenticationError, name: "AuthenticationError", pending: true },
  { status: 403, words: "Forbidden", Class: sdk.PermissionDeniedError, name: "PermissionDeniedError", pending: true },
  { status: 404, words: "Not Found", Class: sdk.NotFoundError, name: "NotFoundError", pending: false },
  { status: 409, words: "Conflict", Class: sdk.ConflictError, name: "ConflictError", pending: false },
  {
    status: 413,
    words: "Payload Too Large",
    Class: sdk.DashboardClientError,
    name: "DashboardClientError",
    pending: false,
  },
  {
    status: 415,
    words: "Unsupported Media Type",
    Class: sdk.DashboardClientError,
    name: "DashboardClientError",
    pending: false,
  },
  { status: 418, words: "I'm a Teapot", Class: sdk.DashboardClientError, name: "DashboardClientError", pending: false },
  {
    status: 422,
    words: "Unprocessable Entity",
    Class: sdk.UnprocessableEntityError,
    name: "UnprocessableEntityError",
    pending: false,
  },
] as const;

describe.each(CLASSES)("$status", ({ status, words, Class, name, pending }) => {
  it(`throws ${name} with the exact message`, async () => {
    const body = { detail: "because of this", code: 7 };
    const server = await rawServer(always(status, body));
    const error = await failureOf(() => clientOf(server).createRun({ experiment_id: "e-1" }));
    expect(error).toBeInstanceOf(Class);
    expect(error).toBeInstanceOf(sdk.DashboardClientError);
    expect(error).toBeInstanceOf(sdk.EvsysError);
    expect(error).toMatchObject({ name, status, body, path: "/sdk/runs/", method: "POST" });
    const wayOut = status === 401 ? ". Set EVSYS_API_KEY or apiKey." : "";
    expect(error).toHaveProperty("message", `[POST] /sdk/runs/ → ${status} ${words}: because of this${wayOut}`);
    expect(server.requests).toHaveLength(1);
  });

  // A 404 may mean that the experiment itself is gone: what becomes of its writes then is the delivery's affair.
  it.skipIf(status === 404)(pending ? "keeps the write for later" : "keeps no write waiting", async () => {
    const { client, server, experimentId } = await runOnServer();
    server.failNext({ status, body: { detail: "no" } });
    const error = await failureOf(() => client.updateExperiment(experimentId, { plan: "p" }));
    expect(error).toBeInstanceOf(Class);
    expect(error).toMatchObject({ pending, path: `/sdk/experiments/${experimentId}/` });
    expect(client.status()).toMatchObject(pending ? { pending: 1, rejected: 0 } : { pending: 0, rejected: 1 });
    expect(client.local.experiment(experimentId)).toMatchObject({ plan: "p" });
  });
});

describe("a rejected row", () => {
  it("is mirrored and counted, and does not block later rows", async () => {
    const { client, server, runId } = await runOnServer();
    await client.logStepMetric(runId, { step: 1, loss: 1 });
    server.failNext({ status: 422, body: "no such split" });
    const error = await failureOf(() => client.logStepMetric(runId, { step: 2, loss: 2 }));
    expect(error).toMatchObject({ name: "UnprocessableEntityError", pending: false, body: "no such split" });
    await client.logStepMetric(runId, { step: 3, loss: 3 });
    expect(server.metrics.map(({ step }) => step)).toEqual([1, 3]);
    expect((await collected(client.local.metrics(runId))).map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 1 });
  });

  it("that names an unknown checkpoint gets no advice about its run", async () => {
    const { client, server, runId } = await runOnServer();
    server.failNext({ status: 404, body: { detail: "Checkpoint typo not found." } });
    const error = await failureOf(() => client.createEval(runId, { checkpoint_id: "typo", metrics: { a: 1 } }));
    expect(String(error)).toMatch(/Checkpoint typo not found\.$/);
  });

  it("has the run in the error's path", async () => {
    const client = clientOf(await mockServer());
    const error = await failureOf(() => client.logStepMetric("no-such-run", { step: 1, loss: 1 }));
    expect(error).toBeInstanceOf(sdk.NotFoundError);
    expect(String(error)).toContain(
      "[POST] /sdk/runs/no-such-run/metrics/ → 404 Not Found: Run no-such-run not found.",
    );
  });
});

describe("the backend's error text", () => {
  const bodies: readonly (readonly [string, string | object, string])[] = [
    ["a text", "plain words", "plain words"],
    ["a detail", { detail: "the detail", error: "another" }, "the detail"],
    ["an error", { error: "the error" }, "the error"],
    ["a message", { message: "the message" }, "the message"],
    ["fields", { detail: { seed: ["not a number"] } }, '{"seed":["not a number"]}'],
    ["a list", { detail: [{ loc: ["body"], msg: "missing" }] }, '[{"loc":["body"],"msg":"missing"}]'],
    ["another object", { why: "because" }, '{"why":"because"}'],
    ["several lines", "one\n  two\t\r\nthree", "one two three"],
  ];

  it.each(bodies)("is read from %s", async (_name, body, words) => {
    const server = await rawServer(always(400, body));
    const error = await failureOf(() => clientOf(server).createRun({ experiment_id: "e" }));
    expect(error).toHaveProperty("message", `[POST] /sdk/runs/ → 400 Bad Request: ${words}`);
    expect(error).toHaveProperty("body", body);
  });

  it("may be missing", async () => {
    const server = await rawServer(always(400));
    const error = await failureOf(() => clientOf(server).createRun({ experiment_id: "e" }));
    expect(error).toHaveProperty("message", "[POST] /sdk/runs/ → 400 Bad Request");
  });

  it("is in the message of a status that has no error class of its own", async () => {
    const server = await rawServer(always(499, "what"));
    const error = await failureOf(() => clientOf(server).createRun({ experiment_id: "e" }));
    expect(error).toHaveProperty("message", "[POST] /sdk/runs/ → 499: what");
    expect(error).toMatchObject({ name: "DashboardClientError", pending: false });
  });

  it("is cut to 200 characters in the message, and complete in the body", async () => {
    const detail = "0123456789".repeat(100);
    const server = await rawServer(always(400, { detail }));
    const error = await failureOf(() => clientOf(server).createRun({ experiment_id: "e" }));
    const { message } = error as Error;
    const reason = message.slice("[POST] /sdk/runs/ → 400 Bad Request: ".length);
    expect(reason.length).toBeLessThanOrEqual(200);
    expect(reason.length).toBeGreaterThan(190);
    expect(detail.startsWith(reason.slice(0, 190))).toBe(true);
    expect(error).toHaveProperty("body", { detail });
  });

  it("does not reveal the key in the message or the body", async () => {
    const server = await rawServer(always(400, { detail: `bad key ${API_KEY}.`, seen: [API_KEY] }));
    const error = await failureOf(() => clientOf(server).createRun({ experiment_id: "e" }));
    expect(String(error)).toMatch(/bad key .+/);
    expect(String(error) + JSON.stringify(error)).not.toContain(API_KEY);
    expect(JSON.stringify((error as sdk.DashboardClientError).body)).not.toContain(API_KEY);
  });
});

it("a wrong key is rejected by the server, and the row stays pending", async () => {
  const { server, runId } = await runOnServer();
  const client = clientOf(server, { apiKey: "another-key" });
  const error = await failureOf(() => client.logStepMetric(runId, { step: 1, loss: 1 }));
  expect(error).toBeInstanceOf(sdk.AuthenticationError);
  expect(error).toMatchObject({ status: 401, pending: true });
  expect(client.status()).toMatchObject({ pending: 1, rejected: 0 });
  expect(server.metrics).toEqual([]);
});

it("every error class has its own literal name and extends EvsysError", () => {
  const names = CLASSES.map(({ Class, name }) => [Class, name] as const);
  for (const [Class, name] of names) {
    const error = new Class({ status: 400, body: undefined, path: "/p/", pending: false, reason: "r", cause: "c" });
    expect(error).toMatchObject({ name, cause: "c" });
    expect(error.stack).toContain("errors.test");
  }
  expect(new sdk.EvsysAuthError("m")).toMatchObject({ name: "EvsysAuthError", message: "m" });
  expect(new sdk.MirrorError("m", "/p", new Error("ENOSPC"))).toMatchObject({
    name: "MirrorError",
    path: "/p",
    message: expect.stringMatching(/m.*\/p.*ENOSPC/),
    cause: expect.objectContaining({ message: "ENOSPC" }),
  });
});
