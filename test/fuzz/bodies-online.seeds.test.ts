import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DashboardClientError } from "../../src/index.js";
import { runOnServer } from "../support/clients.js";
import { CALLS, type Call, OWN_FIELDS, picked } from "./support/calls.js";
import { expectShares, holds, PATIENCE_MS, worldsOf } from "./support/check.js";
import { expectRefusal, filesBelow, settled } from "./support/outcome.js";
import { made, type Recipe, recipes, requestOf } from "./support/recipes.js";

type World = Awaited<ReturnType<typeof runOnServer>>;

async function play(world: World, { name, kind, call, mirrored, wire }: Call, recipe: Recipe) {
  const { client, server } = world;
  const body = made(recipe, name === "createRun" ? { experiment_id: world.experimentId } : {});
  const sentBefore = server.requests.length;
  const filesBefore = filesBelow(client.local.root);
  const rowsBefore = kind === "row" ? (await mirrored(client.local, world, undefined)).length : 0;
  const outcome = await settled(() => call(client, world, body));
  const sent = server.requests.slice(sentBefore);
  expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
  if ("error" in outcome) {
    // A run may name an experiment that the backend does not have: no fault of the body.
    if (outcome.error instanceof DashboardClientError && isOrphan(world, name, sent[0]?.body)) return "refused";
    expectRefusal(outcome.error);
    expect(sent).toEqual([]);
    expect(filesBelow(client.local.root)).toBe(filesBefore);
    return "refused";
  }
  const said = wire((await mirrored(client.local, world, outcome.answer)).slice(rowsBefore));
  const hasNothingToSend = name === "logStepMetric" && Object.keys(Object(said.metrics)).length === 0;
  expect(sent.map(({ status = 0 }) => Math.floor(status / 100))).toEqual(hasNothingToSend ? [] : [2]);
  const received = Object(sent[0]?.body);
  const isSent = (field: string): boolean => Object.hasOwn(received, field) && !OWN_FIELDS.includes(field);
  if (kind === "patch") expect(Object(outcome.answer).patched).toEqual(Object.keys(received));
  if (!hasNothingToSend) expect(picked(received, isSent)).toEqual(kind === "patch" ? picked(said, isSent) : said);
  return "taken";
}

function isOrphan({ experimentId }: World, name: string, sent: unknown): boolean {
  return name === "createRun" && Object(sent).experiment_id !== experimentId;
}

async function endOf({ client, server }: World): Promise<void> {
  await client.close();
  await server.stop();
}

describe.each(CALLS)("$name", (call) => {
  const what = "is rejected with nothing sent, or accepted by the backend as it is in the mirror";

  it(what, { timeout: PATIENCE_MS }, async () => {
    const worlds = worldsOf(() => runOnServer({ maxRetries: 0 }), endOf, 40);
    const counts = { taken: 0, refused: 0 };
    const property = fc.asyncProperty(recipes(requestOf(call.name)), async (recipe) => {
      counts[await play(await worlds.next(), call, recipe)] += 1;
    });
    await holds(property, { few: 300, many: 10_000 });
    expectShares(counts, 0.02);
  });
});
