import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { syncMirror } from "../../src/index.js";
import { startMockServer } from "../../src/testing/index.js";
import { API_KEY, offlineClient, PROJECT_ID } from "../support/clients.js";
import { validatorOf } from "../support/document.js";
import { recordingLogger } from "../support/loggers.js";
import { build, expectationOf, type Recipe, recipes, requestOf } from "./support/body-recipes.js";
import { CALLS, type Call, MIRROR_FIELDS, picked } from "./support/calls.js";
import { contentsOfBackend, contentsOfMirror } from "./support/contents.js";
import { expectedBody } from "./support/expected-body.js";
import { expectValidationError, filesBelow, settled } from "./support/outcome.js";
import { checkProperty, expectShares, fixturesOf, PROPERTY_TIMEOUT_MS } from "./support/properties.js";
import { CHANGING_GETTER } from "./support/unusual-values.js";

type Fixture = Awaited<ReturnType<typeof beginning>>;

async function beginning() {
  const client = offlineClient();
  const experiment = await client.createExperiment({ experiment_name: "iris" });
  const run = await client.createRun({ experiment_id: experiment.id });
  return { client, experimentId: experiment.id, runId: run.id, orphans: 0 };
}

async function play(
  fixture: Fixture,
  { name, kind, call, mirrored, wire }: Call,
  recipe: Recipe,
): Promise<"accepted" | "rejected"> {
  const { client } = fixture;
  const fields = name === "createRun" ? { experiment_id: fixture.experimentId } : {};
  const before = filesBelow(client.local.root);
  const rowsBefore = kind === "row" ? (await mirrored(client.local, fixture, undefined)).length : 0;
  const { areRepresentable, isRejected } = expectationOf(recipe);
  // logPredictions receives only the list; fields beside it are ignored.
  const isSeen = name !== "logPredictions" || (recipe.way === "replace" && recipe.extra === null);
  const outcome = await settled(() => call(client, fixture, build(recipe, fields)));
  if ("error" in outcome) {
    expectValidationError(outcome.error);
    expect(filesBelow(client.local.root)).toBe(before);
    // A series with two values has no expected body.
    if (areRepresentable && !String(outcome.error).includes("given twice"))
      expect(validatorOf(requestOf(name))(expectedBody(name, build(recipe, fields)))).toBe(false);
    return "rejected";
  }
  expect(isRejected && isSeen).toBe(false);
  const stored = wire((await mirrored(client.local, fixture, outcome.result)).slice(rowsBefore));
  if (name === "createRun" && stored.experiment_id !== fixture.experimentId) fixture.orphans += 1;
  const patched: string[] = kind === "patch" ? Object(outcome.result).patched : Object.keys(stored);
  const body = picked(stored, (field) => patched.includes(field));
  // An empty list writes and sends nothing.
  if (name === "logPredictions" && Object(stored.predictions).length === 0) return "accepted";
  const fits = validatorOf(requestOf(name));
  if (patched.some((field) => !MIRROR_FIELDS.includes(field)))
    expect(fits(body), JSON.stringify(fits.errors)).toBe(true);
  // A getter that changes between reads has no expected body; in JSON a non-finite number is null.
  const isNested = name === "logPredictions" || name === "createEval";
  const isUnpredictable = isNested ? !areRepresentable : [recipe.value, recipe.extra?.value].includes(CHANGING_GETTER);
  if (isUnpredictable) return "accepted";
  const image = Object.entries(Object(expectedBody(name, build(recipe, fields))));
  const expected = Object.fromEntries(image.filter(([field]) => !MIRROR_FIELDS.includes(field)));
  expect(picked(stored, (field) => Object.hasOwn(expected, field))).toEqual(expected);
  return "accepted";
}

/** The backend accepts everything that was accepted offline, except runs of an experiment that it does not have. */
async function expectSynced({ client, experimentId, orphans }: Fixture): Promise<void> {
  const { local } = client;
  await client.close();
  const server = await startMockServer({ apiKey: API_KEY });
  const connection = { baseUrl: server.url, apiKey: API_KEY, projectId: PROJECT_ID, logger: recordingLogger() };
  const report = await syncMirror({ logDirs: [local.root], ...connection });
  expect(report).toMatchObject({ pending: 0, rejected: orphans });
  expect(server.requests.flatMap(({ status = 0 }) => (status < 300 ? [] : [status]))).toEqual(Array(orphans).fill(404));
  expect(contentsOfBackend(server)).toEqual(await contentsOfMirror(local, { experimentId }));
  await server.stop();
}

describe.each(CALLS)("$name, offline", (call) => {
  it("is rejected with nothing mirrored, or matches the schema and syncs", {
    timeout: PROPERTY_TIMEOUT_MS,
  }, async () => {
    const counts = { accepted: 0, rejected: 0 };
    const fixtures = fixturesOf(beginning, expectSynced, 50);
    const property = fc.asyncProperty(recipes(requestOf(call.name)), async (recipe) => {
      counts[await play(await fixtures.next(), call, recipe)] += 1;
    });
    await checkProperty(property, { few: 400, many: 10_000 });
    await fixtures.end();
    expectShares(counts, 0.1);
  });
});
