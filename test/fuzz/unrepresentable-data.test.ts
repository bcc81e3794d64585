import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type DashboardClient, EvsysValidationError } from "../../src/index.js";
import { failureOf, offlineClient, wrong } from "../support/clients.js";
import { recordingLogger } from "../support/loggers.js";
import { UNUSUAL_VALUES } from "./support/unusual-values.js";

/** Every place for arbitrary data: the field's path, and the call. */
const PLACES: Readonly<Record<string, (client: DashboardClient, value: unknown) => unknown>> = {
  "config.a[0]": (c, value) => c.createExperiment({ experiment_name: "x", config: wrong({ a: [value] }) }),
  config: (c, value) => c.createExperiment({ experiment_name: "x", config: wrong(value) }),
  "run_config.a.b": (c, value) => c.createRun({ experiment_id: "e", run_config: wrong({ a: { b: value } }) }),
  "summary.a": (c, value) => c.updateRun("r", { summary: wrong({ a: value }) }),
  gpu: (c, value) => c.updateRun("r", { gpu: value }),
  metrics: (c, value) => c.logStepMetric("r", { step: 1, metrics: wrong(value) }),
  "breakdowns.a": (c, value) => c.createEval("r", { metrics: {}, breakdowns: wrong({ a: value }) }),
  "predictions[1].expected": (c, expected) => {
    const prediction = { kind: "eval", instruction: "i", model_output: "o" } as const;
    return c.logPredictions("r", [prediction, { ...prediction, expected }]);
  },
  "a[1]": (c, value) => c.post("/x/", { a: [1, value] }),
};

describe.each(Object.entries(PLACES))("an unrepresentable value in %s", (field, call) => {
  it.each(UNUSUAL_VALUES.filter(({ isRepresentable }) => isRepresentable === false))(
    "$name is rejected by the path of its field",
    async ({ make }) => {
      const client = offlineClient();
      const error = await failureOf(() => call(client, make()));
      if (!(error instanceof EvsysValidationError)) throw error;
      // Some are nested deeper within the value.
      expect(error.issues.map((issue) => issue.field.slice(0, field.length))).toEqual([field]);
      expect(error.issues[0]?.field).not.toContain('""');
      expect(existsSync(client.local.root)).toBe(false);
    },
  );
});

it("values that JSON can represent are accepted in their JSON form", async () => {
  class Settings {
    readonly rate = 0.1;
    readonly #hidden = 1;
    get hidden(): number {
      return this.#hidden;
    }
  }
  const client = offlineClient();
  const config = {
    at: new Date(0),
    to: new URL("http://host/"),
    bytes: Buffer.from("a"),
    settings: new Settings(),
    bare: Object.assign(Object.create(null), { a: 1 }),
    list: [undefined, null],
    nothing: undefined,
    twice: [{}, {}].fill({ a: 1 }),
    constructor: 1,
    "": 2,
  };
  const { id } = await client.createExperiment({ experiment_name: "x", config });
  expect(client.local.experiment(id)?.config).toEqual(JSON.parse(JSON.stringify(config)));
});

it("a value that is changed after the call is mirrored as it was passed", async () => {
  const client = offlineClient();
  const config = { rate: 0.1, schedule: [1] };
  const call = client.createExperiment({ experiment_name: "x", config });
  config.rate = 9;
  config.schedule.push(9);
  expect(client.local.experiment((await call).id)?.config).toEqual({ rate: 0.1, schedule: [1] });
});

it("a value that is nested too deeply or is circular is rejected with the start of its path", async () => {
  const client = offlineClient();
  for (const name of ["10,000 deep", "100,000 deep list", "circle", "circle of lists"]) {
    const value = UNUSUAL_VALUES.find((unusual) => unusual.name === name)?.make();
    const error = await failureOf(() => client.updateRun("r", { summary: { tree: value } }));
    expect(error).toMatchObject({ name: "EvsysValidationError" });
    expect(String(error)).toMatch(/summary\.tree.*(circular|deep)/);
    expect(String(error).length).toBeLessThan(200);
  }
});

it("a series named __proto__ is rejected, not lost", async () => {
  const client = offlineClient();
  const error = await failureOf(() => client.logStepMetric("r", JSON.parse('{"step":1,"metrics":{"__proto__":1}}')));
  expect(error).toMatchObject({ name: "EvsysValidationError", issues: [{ field: "metrics.__proto__" }] });
});

it("a field named toJSON is an ordinary field", async () => {
  const logger = recordingLogger();
  const client = offlineClient({ logger });
  await client.updateRun("r", { summary: { toJSON: 1, score: Number.NaN } });
  expect(client.local.run("r")?.summary).toEqual({ toJSON: 1, score: Number.NaN });
  expect(logger.of("warn").join()).toContain("summary.score");
});
