import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import * as schemas from "../generated/schemas.js";
import { operations } from "../src/operations.js";
import { changed, fitting } from "./support/bodies.js";
import { failureOf, offlineClient } from "./support/clients.js";
import { DOCUMENT, judgeOf, OPERATIONS, resolved, type Schema } from "./support/document.js";

const table = new Map<string, { readonly path: string; readonly body: z.ZodType; readonly answer: z.ZodType }>(
  Object.entries(operations),
);
const zodSchemas = new Map<string, z.ZodType>(Object.entries(schemas));

/** zod cannot say this of an object; the client says it of the two patches. */
const cannotSay = (schema: Schema, body: unknown): boolean =>
  resolved(schema).minProperties !== undefined && JSON.stringify(body) === "{}";

/** Both judges say the same of a number of bodies. Answers how many of them both took, and how many both refused. */
function sameVerdicts(schema: Schema, zod: z.ZodType, bodies: fc.Arbitrary<unknown>, numRuns: number) {
  const judge = judgeOf(schema);
  const count = { taken: 0, refused: 0 };
  const property = fc.property(bodies, (body) => {
    fc.pre(!cannotSay(schema, body));
    const [byZod, byAjv] = [zod.safeParse(body).success, judge(body)];
    expect(byZod, `zod ${byZod}, Ajv ${byAjv}: ${JSON.stringify(body)}`).toBe(byAjv);
    count[byZod ? "taken" : "refused"] += 1;
  });
  fc.assert(property, { numRuns });
  return count;
}

describe("the table of operations", () => {
  it("is the document's", () => {
    const documented = Object.entries(DOCUMENT.paths).map(([path, { post }]) => [post.operationId, path]);
    expect(documented).toHaveLength(8);
    expect([...table].map(([name, { path }]) => [name, path]).sort()).toEqual(documented.sort());
  });

  it("has the schemas that the document names", () => {
    for (const { name, request, answer } of OPERATIONS) {
      const named = ({ $ref = "" }: Schema) => zodSchemas.get(`z${$ref.replace("#/components/schemas/", "")}`);
      expect(table.get(name)?.body, name).toBe(named(request));
      expect(table.get(name)?.answer, name).toBe(named(answer));
    }
  });
});

describe.each(OPERATIONS)("zod and Ajv on $name", ({ name, request, answer }) => {
  const { body: zodBody, answer: zodAnswer } = table.get(name) ?? expect.unreachable();

  it("take the same 1,000 requests that fit", () => {
    expect(sameVerdicts(request, zodBody, fitting(request), 1000)).toEqual({ taken: 1000, refused: 0 });
  });

  it("say the same of 2,000 requests with something changed", () => {
    const { taken, refused } = sameVerdicts(request, zodBody, changed(request), 2000);
    expect(refused).toBeGreaterThan(200);
    expect(taken).toBeGreaterThan(20);
  });

  it("say the same of answers", () => {
    expect(sameVerdicts(answer, zodAnswer, fitting(answer), 300)).toEqual({ taken: 300, refused: 0 });
    expect(sameVerdicts(answer, zodAnswer, changed(answer), 500).refused).toBeGreaterThan(20);
  });

  it("refuse no field missing of those that are optional, and each of those that are not", () => {
    const { properties = {}, required = [] } = resolved(request);
    const property = fc.property(fitting(request), (body) => {
      const full = Object.entries(Object(body));
      for (const field of Object.keys(properties)) {
        const less = Object.fromEntries(full.filter(([key]) => key !== field));
        fc.pre(!cannotSay(request, less));
        expect(zodBody.safeParse(less).success, field).toBe(!required.includes(field));
      }
    });
    fc.assert(property, { numRuns: 50 });
  });
});

describe("numbers at the edge", () => {
  const { seed } = resolved({ $ref: "#/components/schemas/RunCreate" }).properties ?? {};

  it.each([0, -0, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, 1e15, 1.0])("%d is an integer to both", (value) => {
    expect(schemas.zRunCreate.safeParse({ experiment_id: "e", seed: value }).success).toBe(true);
    expect(judgeOf(seed ?? {})(value)).toBe(true);
  });

  it.each([0.1, 1e-9, 1.5, 2 ** 52 - 0.5])("%d is no integer to either", (value) => {
    expect(schemas.zRunCreate.safeParse({ experiment_id: "e", seed: value }).success).toBe(false);
    expect(judgeOf(seed ?? {})(value)).toBe(false);
  });

  it("beyond what a double is sure of have one verdict as well", () => {
    for (const value of [2 ** 53, 1e21, -(2 ** 60)]) {
      const byZod = schemas.zRunCreate.safeParse({ experiment_id: "e", seed: value }).success;
      expect(byZod, String(value)).toBe(judgeOf(seed ?? {})(value));
    }
  });
});

describe("a patch that sets nothing", () => {
  it.each(["updateExperiment", "updateRun"] as const)("%s: Ajv refuses it, and so does the client", async (name) => {
    const { request } = OPERATIONS.find((operation) => operation.name === name) ?? expect.unreachable();
    expect(resolved(request).minProperties).toBe(1);
    expect(judgeOf(request)({})).toBe(false);
    const client = offlineClient();
    expect(await failureOf(() => client[name]("id", {}))).toMatchObject({ name: "EvsysValidationError" });
    expect([...client.local.experiments(), ...client.local.runs()]).toEqual([]);
  });

  it("is a matter of these two alone", () => {
    const limited = OPERATIONS.filter(({ request }) => resolved(request).minProperties !== undefined);
    expect(limited.map(({ name }) => name).sort()).toEqual(["updateExperiment", "updateRun"]);
  });
});

describe("the examples of the document", () => {
  const examples = Object.values(DOCUMENT.paths).flatMap(({ post }) => {
    const responses = Object.entries(post.responses).filter(([, { $ref }]) => $ref === undefined);
    return [["request", post.requestBody] as const, ...responses].flatMap(([what, { content = {} }]) =>
      Object.values(content).map(({ schema, example }) => ({ what: `${post.operationId} ${what}`, schema, example })),
    );
  });
  const problems = Object.entries(DOCUMENT.components.responses).flatMap(([what, { content }]) =>
    Object.entries(content).map(([type, { schema, example }]) => ({ what: `${what} ${type}`, schema, example })),
  );

  it("are there for each request and each answer", () => {
    expect(examples).toHaveLength(16);
    expect(problems.length).toBeGreaterThanOrEqual(2);
  });

  it.each([...examples, ...problems])("$what fits by both", ({ schema, example }) => {
    expect(example).toBeDefined();
    expect(judgeOf(schema)(example)).toBe(true);
    const zod = zodSchemas.get(`z${schema.$ref?.replace("#/components/schemas/", "")}`);
    if (schema.$ref !== undefined) expect(zod?.safeParse(example)).toMatchObject({ success: true });
  });

  it("have every optional field in the requests", () => {
    for (const { post } of Object.values(DOCUMENT.paths)) {
      const { schema = {}, example } = post.requestBody.content["application/json"] ?? {};
      const fields = Object.keys(resolved(schema).properties ?? {});
      expect(Object.keys(Object(example)).sort(), post.operationId).toEqual(fields.sort());
    }
  });

  it("of the parameters fit", () => {
    for (const { schema, example } of Object.values(DOCUMENT.components.parameters)) {
      expect(judgeOf(schema)(example)).toBe(true);
    }
  });
});
