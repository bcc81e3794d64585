import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DashboardClientError, type DashboardClientOptions, syncMirror } from "../../src/index.js";
import type { MockServer } from "../../src/testing/index.js";
import { API_KEY, clientOf, mockServer, PROJECT_ID } from "../support/clients.js";
import { recordingLogger } from "../support/loggers.js";
import type { Ids } from "../support/writes.js";
import { type ExpectedOutcome, expectedOutcome, nameOf } from "./support/expected-outcome.js";
import { freshFetch } from "./support/fresh-fetch.js";
import { type Settled, settled } from "./support/outcome.js";
import { checkProperty, expectShares, PROPERTY_TIMEOUT_MS } from "./support/properties.js";
import { type ResponseRecipe, responses } from "./support/response-recipes.js";
import { scriptFor } from "./support/response-script.js";
import { type ScriptedServer, scriptedServer } from "./support/scripted-server.js";
import { LOCAL_RESULTS, WRITES, type Write } from "./support/small-writes.js";

type Options = Pick<DashboardClientOptions, "fetch">;

interface Fixture {
  readonly scripted: ScriptedServer;
  readonly server: MockServer;
  readonly ids: Ids;
}

async function beginning(): Promise<Fixture> {
  const [scripted, server] = [await scriptedServer(), await mockServer()];
  const client = clientOf(server);
  const experiment = await client.createExperiment({ experiment_name: "iris" });
  const run = await client.createRun({ experiment_id: experiment.id });
  return { scripted, server, ids: { experimentId: experiment.id, runId: run.id } };
}

async function play(
  fixture: Fixture,
  { name, writes, call }: Write,
  recipe: ResponseRecipe,
  options: Options = {},
): Promise<void> {
  const { scripted, server, ids } = fixture;
  const expected = expectedOutcome(recipe, name);
  const client = clientOf(scripted, { maxRetries: 0, timeoutMs: 20_000, ...options });
  const responsesBefore = scripted.responses();
  const sentBefore = server.requests.length;
  scripted.run(scriptFor(recipe));
  const outcome = await settled(() => call(client, ids));
  expect(scripted.responses()).toBeGreaterThan(responsesBefore);
  expectOutcome(outcome, expected, name);
  const kept = expected.kind === "unavailable" || (expected.kind === "throws" && expected.kept) ? writes : 0;
  const isNoted = !/^create(Experiment|Run)$/.test(name);
  const rejected = expected.kind === "throws" && !expected.kept && isNoted ? writes : 0;
  // post() to another route does not affect the state of the backend.
  const remote = expected.kind === "unavailable" && name !== "post" ? expected.remote : "up";
  expect(client.status()).toEqual({ remote, pending: kept, rejected });

  // A real backend replaces the scripted server and receives the pending write once.
  scripted.forwardTo(server.port);
  const report = expected.kind === "unavailable" ? await client.flush({ timeoutMs: 20_000 }) : undefined;
  // A flush ends early if the backend requested a longer pause than its timeout; then the sync delivers the write.
  if (report !== undefined && report.retryAfterMs === undefined)
    expect(report).toMatchObject({ pending: 0, rejected: 0 });
  await client.close({ timeoutMs: 1 });
  if (name !== "post") await expectSynced(fixture, client.local.root, rejected);
  const committed = server.requests.slice(sentBefore).filter((request) => request.committed);
  expect(committed).toHaveLength(kept === 0 ? 0 : 1);
}

async function expectSynced({ scripted }: Fixture, root: string, rejected: number): Promise<void> {
  const connection = { baseUrl: scripted.url, apiKey: API_KEY, projectId: PROJECT_ID, logger: recordingLogger() };
  const report = await syncMirror({ logDirs: [root], ...connection });
  expect(report).toMatchObject({ pending: 0, rejected });
}

function expectOutcome(outcome: Settled, expected: ExpectedOutcome, name: Write["name"]): void {
  if (expected.kind === "throws") {
    const error = "error" in outcome ? outcome.error : undefined;
    if (!(error instanceof DashboardClientError)) throw new Error("Not an error of the backend", { cause: error });
    expect(error).toMatchObject({ status: expected.status, pending: expected.kept });
    expect(error.message).toContain(`→ ${nameOf(expected.status)}`);
    expect(error.message.length).toBeLessThan(600);
    return;
  }
  if ("error" in outcome) throw outcome.error;
  if (expected.kind === "delivered") expectResult(outcome.result, expected.body, name);
  else if (name !== "post") expect(Object(outcome.result)).toMatchObject(LOCAL_RESULTS[name]);
}

/** Whether it is nested too deeply to be compared. */
function isDeep(value: unknown, left = 50): boolean {
  if (typeof value !== "object" || value === null) return false;
  return left === 0 || Object.values(value).some((item) => isDeep(item, left - 1));
}

/** The result of the call is the response. */
function expectResult(result: unknown, body: unknown, name: Write["name"]): void {
  if (name === "post" && !isDeep(body)) expect(result).toEqual(body);
  if (name === "createExperiment") expect(Object(result).id).toBe(Object(body).experiment.id);
  if (name === "createRun") expect(Object(result).id).toBe(Object(body).run.id);
  if (name === "updateRun" || name === "updateExperiment") expect(Object(result).patched).toEqual(Object(body).patched);
  if (name === "logPredictions") expect(Object(result).inserted).toBe(Object(body).inserted);
  if (name === "createEval" && Object.hasOwn(Object(body), "id")) expect(Object(result).id).toBe(Object(body).id);
}

describe.each(WRITES)("a response to $name", (write) => {
  it("is classified as designed, and nothing is lost or duplicated", { timeout: PROPERTY_TIMEOUT_MS }, async () => {
    const fixture = await beginning();
    const name = write.name === "post" ? "createExperiment" : write.name;
    const kinds: Record<ExpectedOutcome["kind"], number> = { delivered: 0, throws: 0, unavailable: 0 };
    const property = fc.asyncProperty(responses(name), async (recipe) => {
      kinds[expectedOutcome(recipe, write.name).kind] += 1;
      await play(fixture, write, recipe);
    });
    await checkProperty(property, { few: 70, many: 3_000 });
    expectShares(kinds, 0.07);
  });
});

describe("a response to the caller's fetch", () => {
  it("is classified in the same way", { timeout: PROPERTY_TIMEOUT_MS }, async () => {
    const fixture = await beginning();
    const [write = WRITES[0]] = WRITES.filter(({ name }) => name === "createEval");
    const property = fc.asyncProperty(responses("createEval"), async (recipe) => {
      // fetch decodes encoded bodies, drops the body of a 205, and retries after a 421 itself.
      fc.pre(![205, 421].includes(recipe.status) && !recipe.headers.some(([name]) => name === "Content-Encoding"));
      const { fetch, close } = freshFetch();
      if (write !== undefined) await play(fixture, write, recipe, { fetch });
      await close();
    });
    await checkProperty(property, { few: 70, many: 3_000 });
  });
});
