import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import * as schemas from "../../generated/schemas.js";
import { ROUTES } from "../../src/api/routes.js";
import { changed, fitting } from "../support/bodies.js";
import { failureOf, offlineClient } from "../support/clients.js";
import { DOCUMENT, judgeOf, OPERATIONS, resolved, type Schema } from "../support/document.js";

const table = new Map<string, { readonly path: string; readonly body: z.ZodType; readonly response: z.ZodType }>(
  Object.entries(ROUTES),
);
const zodSchemas = new Map<string, z.ZodType>(Object.entries(schemas));

/** The generated schema of a reference. */
const zodOf = ({ $ref = "" }: Schema): z.ZodType | undefined =>
  zodSchemas.get(`z${$ref.slice($ref.lastIndexOf("/") + 1)}`);

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
  it("matches the schema's paths", () => {
    const documented = Object.entries(DOCUMENT.paths).map(([path, { post }]) => [post.operationId, path]);
    expect(documented).toHaveLength(8);
    expect([...table].map(([name, { path }]) => [name, path]).sort()).toEqual(documented.sort());
  });

  it("has the schemas that the paths name", () => {
    for (const { name, request, answer } of OPERATIONS) {
      expect(table.get(name)?.body, name).toBe(zodOf(request) ?? expect.unreachable());
      expect(table.get(name)?.response, name).toBe(zodOf(answer) ?? expect.unreachable());
    }
  });
});

/** What is sent and what is answered, when it went well and when it did not; the more open, the less there is to refuse. */
const JUDGED = [
  ...OPERATIONS.map(({ name, request }) => ({ what: `requests of ${name}`, schema: request, leastRefused: 200 })),
  ...OPERATIONS.map(({ name, answer }) => ({ what: `answers of ${name}`, schema: answer, leastRefused: 80 })),
  { what: "refusals and failures", schema: { $ref: "#/components/schemas/Problem" }, leastRefused: 20 },
];

describe("zod and Ajv", () => {
  it("are compared for every request and response body of the schema", () => {
    const contents = [
      ...Object.values(DOCUMENT.paths).flatMap(({ post }) => [post.requestBody, ...Object.values(post.responses)]),
      ...Object.values(DOCUMENT.components.responses),
    ];
    const known = contents.flatMap(({ content }) => content?.["application/json"]?.schema.$ref ?? []);
    expect([...new Set(known)].sort()).toEqual(JUDGED.map(({ schema }) => schema.$ref).sort());
  });
});

describe.each(JUDGED)("zod and Ajv on $what", ({ schema, leastRefused }) => {
  const zod = zodOf(schema) ?? expect.unreachable();

  it("accept the same 2,000 valid values", () => {
    expect(sameVerdicts(schema, zod, fitting(schema), 2000)).toEqual({ taken: 2000, refused: 0 });
  });

  it("agree about 2,000 changed values", () => {
    const { taken, refused } = sameVerdicts(schema, zod, changed(schema), 2000);
    expect(refused).toBeGreaterThan(leastRefused);
    expect(taken).toBeGreaterThan(20);
  });

  it("allow each optional field, and no required field, to be missing", () => {
    const { properties = {}, required = [] } = resolved(schema);
    const property = fc.property(fitting(schema), (body) => {
      const full = Object.entries(Object(body));
      for (const field of Object.keys(properties)) {
        const less = Object.fromEntries(full.filter(([key]) => key !== field));
        fc.pre(!cannotSay(schema, less));
        expect(zod.safeParse(less).success, field).toBe(!required.includes(field));
      }
    });
    fc.assert(property, { numRuns: 50 });
  });
});

describe("integers", () => {
  const { seed } = resolved({ $ref: "#/components/schemas/RunCreate" }).properties ?? {};

  it.each([0, -0, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, 1e15, 1.0])("%d is an integer for both validators", (value) => {
    expect(schemas.zRunCreate.safeParse({ experiment_id: "e", seed: value }).success).toBe(true);
    expect(judgeOf(seed ?? {})(value)).toBe(true);
  });

  it.each([0.1, 1e-9, 1.5, 2 ** 52 - 0.5])("%d is not an integer for either validator", (value) => {
    expect(schemas.zRunCreate.safeParse({ experiment_id: "e", seed: value }).success).toBe(false);
    expect(judgeOf(seed ?? {})(value)).toBe(false);
  });

  it("beyond the safe range have the same result in both validators", () => {
    for (const value of [2 ** 53, 1e21, -(2 ** 60)]) {
      const byZod = schemas.zRunCreate.safeParse({ experiment_id: "e", seed: value }).success;
      expect(byZod, String(value)).toBe(judgeOf(seed ?? {})(value));
    }
  });
});

describe("an empty patch", () => {
  it.each(["updateExperiment", "updateRun"] as const)("%s: is rejected by Ajv and by the client", async (name) => {
    const { request } = OPERATIONS.find((operation) => operation.name === name) ?? expect.unreachable();
    expect(resolved(request).minProperties).toBe(1);
    expect(judgeOf(request)({})).toBe(false);
    const client = offlineClient();
    expect(await failureOf(() => client[name]("id", {}))).toMatchObject({ name: "EvsysValidationError" });
    expect([...client.local.experiments(), ...client.local.runs()]).toEqual([]);
  });

  it("is restricted only for these two operations", () => {
    const limited = OPERATIONS.filter(({ request }) => resolved(request).minProperties !== undefined);
    expect(limited.map(({ name }) => name).sort()).toEqual(["updateExperiment", "updateRun"]);
  });
});
