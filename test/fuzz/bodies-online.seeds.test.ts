import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DashboardClientError } from "../../src/index.js";
import { runOnServer } from "../support/clients.js";
import { build, type Recipe, recipes, requestOf } from "./support/body-recipes.js";
import { CALLS, type Call, MIRROR_FIELDS, picked } from "./support/calls.js";
import { expectValidationError, filesBelow, settled } from "./support/outcome.js";
import { checkProperty, expectShares, fixturesOf, PROPERTY_TIMEOUT_MS } from "./support/properties.js";

type Fixture = Awaited<ReturnType<typeof runOnServer>>;

async function play(fixture: Fixture, { name, kind, call, mirrored, wire }: Call, recipe: Recipe) {
  const { client, server } = fixture;
  const body = build(recipe, name === "createRun" ? { experiment_id: fixture.experimentId } : {});
  const sentBefore = server.requests.length;
  const filesBefore = filesBelow(client.local.root);
  const rowsBefore = kind === "row" ? (await mirrored(client.local, fixture, undefined)).length : 0;
  const outcome = await settled(() => call(client, fixture, body));
  const sent = server.requests.slice(sentBefore);
  expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
  if ("error" in outcome) {
    // A run may name an experiment that the backend does not have; the body is still valid.
    if (outcome.error instanceof DashboardClientError && isOrphan(fixture, name, sent[0]?.body)) return "rejected";
    expectValidationError(outcome.error);
    expect(sent).toEqual([]);
    expect(filesBelow(client.local.root)).toBe(filesBefore);
    return "rejected";
  }
  const stored = wire((await mirrored(client.local, fixture, outcome.result)).slice(rowsBefore));
  const hasNothingToSend =
    (name === "logStepMetric" && Object.keys(Object(stored.metrics)).length === 0) ||
    (name === "logPredictions" && Object(stored.predictions).length === 0);
  expect(sent.map(({ status = 0 }) => Math.floor(status / 100))).toEqual(hasNothingToSend ? [] : [2]);
  const received = Object(sent[0]?.body);
  const isSent = (field: string): boolean => Object.hasOwn(received, field) && !MIRROR_FIELDS.includes(field);
  if (kind === "patch") expect(Object(outcome.result).patched).toEqual(Object.keys(received));
  if (!hasNothingToSend) expect(picked(received, isSent)).toEqual(kind === "patch" ? picked(stored, isSent) : stored);
  return "accepted";
}

function isOrphan({ experimentId }: Fixture, name: string, sent: unknown): boolean {
  return name === "createRun" && Object(sent).experiment_id !== experimentId;
}

async function endOf({ client, server }: Fixture): Promise<void> {
  await client.close();
  await server.stop();
}

describe.each(CALLS)("$name", (call) => {
  const what = "is rejected with nothing sent, or accepted by the backend as it is in the mirror";

  it(what, { timeout: PROPERTY_TIMEOUT_MS }, async () => {
    const fixtures = fixturesOf(() => runOnServer({ maxRetries: 0 }), endOf, 40);
    const counts = { accepted: 0, rejected: 0 };
    const property = fc.asyncProperty(recipes(requestOf(call.name)), async (recipe) => {
      counts[await play(await fixtures.next(), call, recipe)] += 1;
    });
    await checkProperty(property, { few: 300, many: 10_000 });
    expectShares(counts, 0.02);
  });
});
