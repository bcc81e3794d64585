import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DashboardClientError } from "../../src/index.js";
import { runOnServer, wrong } from "../support/clients.js";
import { resolved, type Schema } from "../support/document.js";
import { build, type Recipe, recipes, requestOf } from "./support/body-recipes.js";
import { toJson } from "./support/calls.js";
import { expectValidationError, filesBelow, settled } from "./support/outcome.js";
import { checkProperty, expectShares, fixturesOf, PROPERTY_TIMEOUT_MS } from "./support/properties.js";
import { CHANGING_GETTER } from "./support/unusual-values.js";

/** The fields of a new experiment and its run, which `withRun` accepts together. */
function optionsSchema(): Schema {
  const [experiment, run] = [resolved(requestOf("createExperiment")), resolved(requestOf("createRun"))];
  const { experiment_id: _, status: __, ...runFields } = run.properties ?? {};
  return { ...experiment, properties: { ...experiment.properties, ...runFields } };
}

async function endOfFixture({ client, server }: Awaited<ReturnType<typeof runOnServer>>): Promise<void> {
  await client.close();
  await server.stop();
}

/** Whether its value changes between reads. */
function shifts({ value, extra }: Recipe): boolean {
  return [value, extra?.value].includes(CHANGING_GETTER);
}

/** Whether the types accept it as options. */
function isOfFields(options: unknown): boolean {
  try {
    return Object.hasOwn(Object(options), "experiment_name");
  } catch {
    return false;
  }
}

describe("withRun", () => {
  it("rejects its options with nothing sent, or starts and completes the run", {
    timeout: PROPERTY_TIMEOUT_MS,
  }, async () => {
    const fixtures = fixturesOf(() => runOnServer({ maxRetries: 0 }), endOfFixture, 20);
    const counts = { accepted: 0, rejected: 0 };
    const property = fc.asyncProperty(recipes(optionsSchema()), async (recipe) => {
      const options = build(recipe);
      fc.pre(isOfFields(options) && !shifts(recipe));
      const { client, server } = await fixtures.next();
      const before = filesBelow(client.local.root);
      server.reset();
      const outcome = await settled(() => client.withRun(wrong(options), (run) => run.logStep(1, { loss: 1 })));
      expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
      if ("error" in outcome) {
        expectValidationError(outcome.error);
        expect([...server.requests]).toEqual([]);
        expect(filesBelow(client.local.root)).toBe(before);
        counts.rejected += 1;
        return;
      }
      counts.accepted += 1;
      expect(server.requests.map(({ status = 0 }) => Math.floor(status / 100))).toEqual([2, 2, 2, 2, 2]);
      expect(server.experiments).toMatchObject([{ status: "completed" }]);
      expect(server.runs).toMatchObject([{ status: "completed", experiment_id: server.experiments[0]?.id }]);
    });
    await checkProperty(property, { few: 300, many: 10_000 });
    expectShares(counts, 0.06);
  });
});

describe("post", () => {
  const path = fc.oneof(
    fc.constantFrom(
      "/sdk/experiments/",
      "/sdk/runs/",
      "/sdk/runs/r/metrics/",
      "/",
      "/sdk//",
      "/../x",
      "/%",
      "/{run_id}/",
    ),
    fc.string({ unit: "binary" }),
    fc.webPath(),
    fc.string({ unit: "grapheme-ascii" }).map((text) => `/${text}`),
  );

  it("rejects its arguments with nothing sent, or returns the response", { timeout: PROPERTY_TIMEOUT_MS }, async () => {
    const { client, server } = await runOnServer({ maxRetries: 0 });
    const files = filesBelow(client.local.root);
    const bodies = recipes(requestOf("createExperiment"));
    const property = fc.asyncProperty(path, fc.option(bodies), async (path, recipe) => {
      server.reset();
      const body = () => (recipe === null ? undefined : build(recipe));
      const outcome = await settled(() => client.post(path, body()));
      expect(client.status()).toEqual({ remote: "up", pending: 0, rejected: 0 });
      expect(filesBelow(client.local.root)).toBe(files);
      if ("error" in outcome && !(outcome.error instanceof DashboardClientError)) {
        expectValidationError(outcome.error);
        expect([...server.requests]).toEqual([]);
        return;
      }
      const [request] = server.requests;
      expect(server.requests).toHaveLength(1);
      expect("error" in outcome).toBe((request?.status ?? 0) >= 300);
      if (recipe === null || shifts(recipe)) return;
      expect(request?.body).toEqual(body() === undefined ? undefined : toJson(body()));
    });
    await checkProperty(property, { few: 800, many: 50_000 });
  });
});
