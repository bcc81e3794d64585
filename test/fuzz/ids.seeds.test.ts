import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DashboardClient, DashboardClientError, EvsysValidationError } from "../../src/index.js";
import { clientOf, collected, mockServer, offlineClient, wrong } from "../support/clients.js";
import { settled } from "./support/outcome.js";
import { checkProperty, fixturesOf, PROPERTY_TIMEOUT_MS } from "./support/properties.js";
import { anyId, type Id, made } from "./support/unusual-ids.js";

const PREDICTION = { kind: "eval", instruction: "i", model_output: "o" } as const;

/** A write with an id: the kind of its folder, and the call. */
const WRITES: readonly (readonly [folder: string, call: (client: DashboardClient, id: never) => Promise<unknown>])[] = [
  ["experiments", (c, id) => c.updateExperiment(id, { plan: "p" })],
  ["generations", (c, id) => c.updateRun(id, { gpu: "H100" })],
  ["generations", (c, id) => c.logStepMetric(id, { step: 1, loss: 1 })],
  ["generations", (c, id) => c.createEval(id, { metrics: { a: 1 } })],
  ["generations", (c, id) => c.addCheckpoint(id, { uri: "u" })],
  ["generations", (c, id) => c.logPredictions(id, [PREDICTION])],
];

/** A call with the id in its body: no folder has its name. */
const MENTIONS: readonly ((client: DashboardClient, id: never) => Promise<unknown>)[] = [
  (c, id) => c.createRun({ experiment_id: id }),
  (c, id) => c.createEval("run", { metrics: { a: 1 }, checkpoint_id: id }),
  (c, id) => c.logPredictions("run", [{ ...PREDICTION, eval_id: id }]),
  (c, id) => c.updateExperiment("experiment", { best_generation_id: id }),
  (c, id) => c.updateRun("run", { id, experiment_id: id }),
  (c, id) => c.withRun({ experiment_id: id }, () => {}),
];

const READS: readonly ((client: DashboardClient, id: never) => unknown)[] = [
  ({ local }, id) => local.experiment(id),
  ({ local }, id) => local.run(id),
  ({ local }, id) => collected(local.metrics(id)),
  ({ local }, id) => collected(local.evals(id)),
  ({ local }, id) => collected(local.checkpoints(id)),
  ({ local }, id) => collected(local.predictions(id)),
];

/** The folders of all experiments and runs. Fails if there is anything else in the mirror. */
function foldersOf({ local: { root } }: DashboardClient): Set<string> {
  expect(readdirSync(dirname(root)).filter((name) => name !== basename(root))).toEqual([]);
  const kinds = existsSync(root) ? readdirSync(root) : [];
  expect(kinds.filter((kind) => kind !== "experiments" && kind !== "generations")).toEqual([]);
  return new Set(kinds.flatMap((kind) => readdirSync(join(root, kind)).map((name) => `${kind}/${name}`)));
}

describe("an arbitrary id", () => {
  const play = async (client: DashboardClient, id: Id, [kind, call]: (typeof WRITES)[number]): Promise<void> => {
    const [before, value] = [foldersOf(client), made(id)];
    const outcome = await settled(() => call(client, wrong(value)));
    const after = foldersOf(client);
    if ("error" in outcome) {
      expect(outcome.error).toBeInstanceOf(EvsysValidationError);
      expect(after).toEqual(before);
    } else {
      expect(value).toMatch(/^[^/]{1,200}$/);
      expect(after).toEqual(before.add(`${kind}/${value}`));
    }
  };

  it("creates only the folder of its name in the mirror, or none", { timeout: PROPERTY_TIMEOUT_MS }, async () => {
    const fixtures = fixturesOf(newOffline, (client) => client.close(), 25);
    const property = fc.asyncProperty(anyId, fc.constantFrom(...WRITES), async (id, write) =>
      play(await fixtures.next(), id, write),
    );
    await checkProperty(property, { few: 1_000, many: 50_000 });
  });

  it("is read where it was written, and never creates a folder by reading", {
    timeout: PROPERTY_TIMEOUT_MS,
  }, async () => {
    const fixtures = fixturesOf(newOffline, (client) => client.close(), 25);
    const property = fc.asyncProperty(anyId, fc.constantFrom(...READS), async (id, read) => {
      const client = await fixtures.next();
      const [before, value] = [foldersOf(client), made(id)];
      const isTaken = !("error" in (await settled(() => client.logStepMetric(wrong(value), { step: 1, loss: 1 }))));
      const written = foldersOf(client);
      const outcome = await settled(() => read(client, wrong(value)));
      expect("result" in outcome).toBe(isTaken);
      if ("error" in outcome) expect(outcome.error).toBeInstanceOf(EvsysValidationError);
      expect(foldersOf(client)).toEqual(isTaken ? written : before);
      if (isTaken) expect(await collected(client.local.metrics(String(value)))).not.toEqual([]);
    });
    await checkProperty(property, { few: 500, many: 20_000 });
  });

  it("is text in a request body, and creates no folder there", { timeout: PROPERTY_TIMEOUT_MS }, async () => {
    const server = await mockServer();
    const property = fc.asyncProperty(anyId, fc.constantFrom(...MENTIONS), async (id, mention) => {
      const client = clientOf(server, { maxRetries: 0 });
      const outcome = await settled(() => mention(client, wrong(made(id))));
      if ("error" in outcome && !(outcome.error instanceof DashboardClientError)) {
        expect(outcome.error).toBeInstanceOf(EvsysValidationError);
      }
      // Except the ids of the calls themselves and those of the backend.
      const others = [...foldersOf(client)].filter(
        (name) => !/^(experiments\/experiment|generations\/run)$/.test(name),
      );
      expect(others).toEqual([]);
      await client.close({ timeoutMs: 1 });
    });
    await checkProperty(property, { few: 200, many: 5_000 });
  });
});

async function newOffline(): Promise<DashboardClient> {
  return offlineClient();
}
