import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { syncMirror } from "../../src/index.js";
import { startMockServer } from "../../src/testing/index.js";
import { API_KEY, offlineClient, PROJECT_ID } from "../support/clients.js";
import { judgeOf } from "../support/document.js";
import { recordingLogger } from "../support/loggers.js";
import { CALLS, type Call, OWN_FIELDS, picked } from "./support/calls.js";
import { expectShares, holds, PATIENCE_MS, worldsOf } from "./support/check.js";
import { contentsOfBackend, contentsOfMirror } from "./support/contents.js";
import { SHIFTING } from "./support/hostile.js";
import { imageOf } from "./support/image.js";
import { expectRefusal, filesBelow, settled } from "./support/outcome.js";
import { made, prospectsOf, type Recipe, recipes, requestOf } from "./support/recipes.js";

type World = Awaited<ReturnType<typeof beginning>>;

async function beginning() {
  const client = offlineClient();
  const experiment = await client.createExperiment({ experiment_name: "iris" });
  const run = await client.createRun({ experiment_id: experiment.id });
  return { client, experimentId: experiment.id, runId: run.id, orphans: 0 };
}

async function play(
  world: World,
  { name, kind, call, mirrored, wire }: Call,
  recipe: Recipe,
): Promise<"taken" | "refused"> {
  const { client } = world;
  const fields = name === "createRun" ? { experiment_id: world.experimentId } : {};
  const before = filesBelow(client.local.root);
  const rowsBefore = kind === "row" ? (await mirrored(client.local, world, undefined)).length : 0;
  const { areKept, areRefused } = prospectsOf(recipe);
  // Of predictions the list alone is given: what is put beside it is not looked at.
  const isSeen = name !== "logPredictions" || (recipe.way === "replace" && recipe.extra === null);
  const outcome = await settled(() => call(client, world, made(recipe, fields)));
  if ("error" in outcome) {
    expectRefusal(outcome.error);
    expect(filesBelow(client.local.root)).toBe(before);
    if (areKept) expect(judgeOf(requestOf(name))(imageOf(name, made(recipe, fields)))).toBe(false);
    return "refused";
  }
  expect(areRefused && isSeen).toBe(false);
  const said = wire((await mirrored(client.local, world, outcome.answer)).slice(rowsBefore));
  if (name === "createRun" && said.experiment_id !== world.experimentId) world.orphans += 1;
  const patched: string[] = kind === "patch" ? Object(outcome.answer).patched : Object.keys(said);
  const body = picked(said, (field) => patched.includes(field));
  const fits = judgeOf(requestOf(name));
  if (patched.some((field) => !OWN_FIELDS.includes(field))) expect(fits(body), JSON.stringify(fits.errors)).toBe(true);
  // What moves while it is read has no image; to JSON a number that is not finite is a null like others.
  const isNested = name === "logPredictions" || name === "createEval";
  const hasNoImage = isNested ? !areKept : [recipe.value, recipe.extra?.value].includes(SHIFTING);
  if (hasNoImage) return "taken";
  const image = Object.entries(Object(imageOf(name, made(recipe, fields))));
  const expected = Object.fromEntries(image.filter(([field]) => !OWN_FIELDS.includes(field)));
  expect(picked(said, (field) => Object.hasOwn(expected, field))).toEqual(expected);
  return "taken";
}

/** Whatever was taken offline is taken by the backend, but for runs of an experiment that it does not have. */
async function expectSynced({ client, experimentId, orphans }: World): Promise<void> {
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
  it("is rejected with nothing mirrored, or matches the schema and syncs", { timeout: PATIENCE_MS }, async () => {
    const counts = { taken: 0, refused: 0 };
    const worlds = worldsOf(beginning, expectSynced, 50);
    const property = fc.asyncProperty(recipes(requestOf(call.name)), async (recipe) => {
      counts[await play(await worlds.next(), call, recipe)] += 1;
    });
    await holds(property, { few: 400, many: 10_000 });
    await worlds.end();
    expectShares(counts, 0.1);
  });
});
