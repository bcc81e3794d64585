import { assertType, describe, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import type * as schemas from "../../generated/schemas.js";
import type * as types from "../../generated/types.js";
import type { CallOptions, DashboardClient, ExperimentRun, Input, WaitOptions } from "../../src/index.js";

/**
 * Two generators wrote the types and the schemas, and they differ in three ways that say nothing about the data:
 * one marks every field and list `readonly`; zod adds `undefined` to what an optional field may hold, the other leaves
 * that to `exactOptionalPropertyTypes`; and an open object is an index signature of the one, an intersection of the other.
 * Both sides are put into one form, in which a difference is one in the data.
 */
type Normal<Type> = Type extends readonly (infer Item)[]
  ? readonly Normal<Item>[]
  : Type extends object
    ? { readonly [Key in keyof Type]: undefined extends Type[Key] ? Normal<Type[Key]> | undefined : Normal<Type[Key]> }
    : Type;

/** The fields by name, without an index signature: optional fields alone would be assignable though one side lacks them. */
type Named<Type> = keyof { [Key in keyof Type as string extends Key ? never : Key]: true };

/** The fields that have to be there. */
type Needed<Type> = { [Key in Named<Type>]: object extends Pick<Type, Key & keyof Type> ? never : Key }[Named<Type>];

type Fits<From, To> = [From] extends [To] ? true : false;
type IsAny<Type> = 0 extends 1 & Type ? true : false;
type SameKeys<One, Other> = [Named<One>, Needed<One>] extends [Named<Other>, Needed<Other>]
  ? [Named<Other>, Needed<Other>] extends [Named<One>, Needed<One>]
    ? true
    : false
  : false;

/** True where values of either type may stand for the other, by the same fields, and neither is `any`. */
type Same<One, Other> = [
  IsAny<One>,
  IsAny<Other>,
  Fits<Normal<One>, Normal<Other>>,
  Fits<Normal<Other>, Normal<One>>,
  SameKeys<One, Other>,
] extends [false, false, true, true, true]
  ? true
  : false;

type Schemas = typeof schemas;

/** Each schema of the document, as the one generator has it and as the other has. */
type Documented = types.components["schemas"];
type Zod<Name extends keyof Documented> = Schemas[`z${Name}`];

/** The names of the schemas that differ: none. */
type Differing = {
  [Name in keyof Documented]: [
    Same<Documented[Name], z.output<Zod<Name>>>,
    Same<Documented[Name], z.input<Zod<Name>>>,
  ] extends [true, true]
    ? never
    : Name;
}[keyof Documented];

describe("the generated types and schemas", () => {
  it("are assignable in both directions", () => {
    expectTypeOf<Differing>().toEqualTypeOf<never>();
  });

  it("have the same names", () => {
    type ZodNames = { [Name in keyof Schemas]: Name extends `z${infer Rest}` ? Rest : never }[keyof Schemas];
    type Parameters = "IdempotencyKey" | "ExperimentId" | "RunId";
    expectTypeOf<Exclude<ZodNames, Parameters>>().toEqualTypeOf<keyof Documented>();
  });

  it("are compared by a type that detects differences", () => {
    type Run = types.RunCreate;
    assertType<true>({} as Same<Run, { experiment_id: string } & Omit<Run, "experiment_id">>);
    assertType<false>({} as Same<Run, Omit<Run, "seed">>);
    assertType<false>({} as Same<Run, Omit<Run, "seed"> & { seed?: string }>);
    assertType<false>({} as Same<Run, Run & { another?: string }>);
    assertType<false>({} as Same<Run, Partial<Run>>);
    assertType<false>({} as Same<Run, Required<Run>>);
    assertType<false>({} as Same<Run, Omit<Run, "status"> & { status?: "pending" }>);
    assertType<false>({} as Same<types.Metrics, Record<string, number | null>>);
    assertType<false>({} as Same<types.PredictionBatch, { predictions: { kind: string }[] }>);
  });
});

declare const client: DashboardClient;
declare const run: ExperimentRun;

describe("the methods", () => {
  it("accept every field of the schema, and null and undefined for optional ones", () => {
    expectTypeOf(client.createExperiment).parameter(0).toEqualTypeOf<Input<types.ExperimentCreate>>();
    expectTypeOf(client.createRun).parameter(0).toEqualTypeOf<Input<types.RunCreate>>();
    expectTypeOf(client.updateRun).parameter(1).toEqualTypeOf<Input<types.RunPatch>>();
    assertType(client.createRun({ experiment_id: "e", seed: null, status: undefined, run_config: { any: ["thing"] } }));
    assertType(client.updateRun("r", { status: "completed", any_further: { field: 1 } }));
    assertType(client.addCheckpoint("r", { uri: "u" }));
    assertType(client.logStepMetric("r", { step: 1 }));
    assertType(
      client.logPredictions("r", [{ kind: "eval", instruction: "i", model_output: "o", expected: 7 }] as const),
    );
  });

  it("return the row with the fields sent", () => {
    expectTypeOf(client.createExperiment).returns.resolves.toHaveProperty("experiment_name").toEqualTypeOf<string>();
    expectTypeOf(client.createRun).returns.resolves.toHaveProperty("id").toEqualTypeOf<string>();
    expectTypeOf(client.createEval).returns.resolves.toHaveProperty("metrics").toEqualTypeOf<types.Metrics>();
    expectTypeOf(client.addCheckpoint).returns.resolves.toHaveProperty("is_final").toEqualTypeOf<boolean>();
    expectTypeOf(client.post).returns.resolves.toEqualTypeOf<unknown>();
    expectTypeOf(client.withRun({ experiment_name: "x" }, () => 7)).resolves.toEqualTypeOf<number>();
  });

  it("accept timeoutMs as their last argument", () => {
    expectTypeOf(client.createExperiment).parameter(1).toEqualTypeOf<CallOptions | undefined>();
    expectTypeOf(client.updateExperiment).parameter(2).toEqualTypeOf<CallOptions | undefined>();
    expectTypeOf(client.createRun).parameter(1).toEqualTypeOf<CallOptions | undefined>();
    expectTypeOf(client.updateRun).parameter(2).toEqualTypeOf<CallOptions | undefined>();
    expectTypeOf(client.logStepMetric).parameter(2).toEqualTypeOf<CallOptions | undefined>();
    expectTypeOf(client.createEval).parameter(2).toEqualTypeOf<CallOptions | undefined>();
    expectTypeOf(client.addCheckpoint).parameter(2).toEqualTypeOf<CallOptions | undefined>();
    expectTypeOf(client.logPredictions).parameter(2).toEqualTypeOf<CallOptions | undefined>();
    expectTypeOf(client.flush).parameter(0).toEqualTypeOf<WaitOptions | undefined>();
    expectTypeOf(client.close).parameter(0).toEqualTypeOf<WaitOptions | undefined>();
    assertType(run.logStep({ loss: 1 }, { timeoutMs: 5 }));
    assertType(run.logStep(1, { loss: 1 }, { split: "val", timeoutMs: 5 }));
    assertType(run.complete({ timeoutMs: 5 }));
    assertType(run.cancel(undefined, { timeoutMs: 5 }));
    assertType(run.fail(new Error("no"), { timeoutMs: 5 }));
    assertType(client.withRun({ experiment_name: "x", signal: AbortSignal.timeout(5) }, () => {}));
    assertType(run.setBestScore(1, { mode: "min" }));
    assertType(client.startRun({ run_id: "r" }));
    assertType(client.startRun({ run_id: "r", experiment_id: "e", reopen: true, signals: true, trackBest: "loss" }));
    assertType(client.withRun({ run_id: undefined, reopen: null, experiment_name: "x", seed: 1 }, () => {}));
    // A job of a cluster does not know whether it is the first.
    assertType(client.startRun(Math.random() < 0.5 ? { run_id: "r" } : { experiment_name: "x" }));
  });

  it("reject invalid calls", () => {
    // @ts-expect-error: the unit is in the name
    client.flush({ timeout: 5 });
    // @ts-expect-error: a write takes no signal
    client.createRun({ experiment_id: "e" }, { signal: AbortSignal.timeout(5) });
    // @ts-expect-error: the options are an object
    client.close(5);
    // @ts-expect-error: no such mode
    run.setBestScore(1, { mode: "highest" });
    // @ts-expect-error: a signal of the system is no AbortSignal
    client.startRun({ experiment_name: "x", signal: "SIGINT" });
    // @ts-expect-error: a field of a run that exists
    client.startRun({ run_id: "r", seed: 1 });
    // @ts-expect-error: a field of an experiment that exists
    client.startRun({ run_id: "r", experiment_name: "x" });
    // @ts-expect-error: a new run cannot be reopened
    client.startRun({ experiment_name: "x", reopen: true });
    // @ts-expect-error: an id is a text
    client.startRun({ run_id: 7 });
    // @ts-expect-error: experiment_name is missing
    client.createExperiment({ plan: "p" });
    // @ts-expect-error: no such field
    client.createExperiment({ experiment_name: "x", base_model: "m" });
    // @ts-expect-error: a required field is not null
    client.createExperiment({ experiment_name: null });
    // @ts-expect-error: tags are texts
    client.createExperiment({ experiment_name: "x", tags: [1] });
    // @ts-expect-error: no such status
    client.createRun({ experiment_id: "e", status: "done" });
    // @ts-expect-error: a seed is a number
    client.createRun({ experiment_id: "e", seed: "42" });
    // @ts-expect-error: the id comes first
    client.updateExperiment({ plan: "p" });
    // @ts-expect-error: an experiment takes no further fields
    client.updateExperiment("e", { gpu: "H100" });
    // @ts-expect-error: no such split
    client.logStepMetric("r", { step: 1, split: "dev" });
    // @ts-expect-error: step is missing
    client.logStepMetric("r", { loss: 1 });
    // @ts-expect-error: no such named series
    client.logStepMetric("r", { step: 1, lr: 1 });
    // @ts-expect-error: a series is a number
    client.logStepMetric("r", { step: 1, metrics: { loss: "1" } });
    // @ts-expect-error: metrics are missing
    client.createEval("r", { step: 1 });
    // @ts-expect-error: uri is missing
    client.addCheckpoint("r", { is_final: true });
    // @ts-expect-error: model_output is missing
    client.logPredictions("r", [{ kind: "eval", instruction: "i" }]);
    // @ts-expect-error: a batch is a list
    client.logPredictions("r", { kind: "eval", instruction: "i", model_output: "o" });
    // @ts-expect-error: neither the experiment's name nor its id
    client.withRun({ seed: 1 }, () => {});
    // @ts-expect-error: the client's settings are fixed
    client.baseUrl = "http://elsewhere";
  });
});

describe("client.api", () => {
  const body = { step: 1, split: "train", metrics: { loss: 1 } } as const;
  const params = { path: { run_id: "r" } };

  it("resolves to the schema's responses", async () => {
    const created = await client.api.POST("/sdk/runs/", { body: { experiment_id: "e" } });
    expectTypeOf(created.data?.run.id).toEqualTypeOf<string | undefined>();
    const logged = await client.api.POST("/sdk/runs/{run_id}/metrics/", { params, body });
    expectTypeOf(logged.data?.ok).toEqualTypeOf<true | undefined>();
    expectTypeOf(logged.response).toEqualTypeOf<Response>();
  });

  it("rejects invalid calls", async () => {
    // @ts-expect-error: no such route
    client.api.POST("/sdk/run/", { body });
    // @ts-expect-error: no such method
    client.api.GET("/sdk/runs/");
    // @ts-expect-error: the id is missing
    client.api.POST("/sdk/runs/{run_id}/metrics/", { body });
    // @ts-expect-error: no such id
    client.api.POST("/sdk/runs/{run_id}/metrics/", { params: { path: { id: "r" } }, body });
    // @ts-expect-error: step is missing
    client.api.POST("/sdk/runs/{run_id}/metrics/", { params, body: { split: "train", metrics: {} } });
    // @ts-expect-error: a step is a number
    client.api.POST("/sdk/runs/{run_id}/metrics/", { params, body: { ...body, step: "1" } });
    // @ts-expect-error: no such field
    client.api.POST("/sdk/runs/{run_id}/metrics/", { params, body: { step: 1, split: "val", metrics: {}, lr: 1 } });
    const { data } = await client.api.POST("/sdk/runs/{run_id}/metrics/", { params, body });
    // @ts-expect-error: ok is no text
    data?.ok satisfies string | undefined;
  });
});
