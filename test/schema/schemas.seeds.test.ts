import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import * as schemas from "../../generated/schemas.js";
import { ROUTES } from "../../src/api/routes.js";
import { fixedCases } from "../fuzz/support/properties.js";
import { changedBodies, validBodies } from "../support/bodies.js";
import { failureOf, offlineClient } from "../support/clients.js";
import { DOCUMENT, OPERATIONS, resolved, type Schema, validatorOf } from "../support/document.js";

const table = new Map<string, { readonly path: string; readonly body: z.ZodType; readonly response: z.ZodType }>(
  Object.entries(ROUTES),
);
const zodSchemas = new Map<string, z.ZodType>(Object.entries(schemas));

/** The generated schema of a reference. */
const zodOf = ({ $ref = "" }: Schema): z.ZodType | undefined =>
  zodSchemas.get(`z${$ref.slice($ref.lastIndexOf("/") + 1)}`);

/** zod cannot say this of an object; the client says it of the two patches. */
const isNotExpressible = (schema: Schema, body: unknown): boolean =>
  resolved(schema).minProperties !== undefined && JSON.stringify(body) === "{}";

/** Checks that both validators agree about a number of bodies. Returns how many both accepted and rejected. */
function compareValidators(schema: Schema, zod: z.ZodType, bodies: fc.Arbitrary<unknown>) {
  const validate = validatorOf(schema);
  const count = { accepted: 0, rejected: 0 };
  const property = fc.property(bodies, (body) => {
    fc.pre(!isNotExpressible(schema, body));
    const [byZod, byAjv] = [zod.safeParse(body).success, validate(body)];
    expect(byZod, `zod ${byZod}, Ajv ${byAjv}: ${JSON.stringify(body)}`).toBe(byAjv);
    count[byZod ? "accepted" : "rejected"] += 1;
  });
  fc.assert(property, CASES);
  return count;
}

describe("the table of operations", () => {
  it("matches the schema's paths", () => {
    const documented = Object.entries(DOCUMENT.paths).map(([path, { post }]) => [post.operationId, path]);
    expect(documented).toHaveLength(8);
    expect([...table].map(([name, { path }]) => [name, path]).sort()).toEqual(documented.sort());
  });

  it("has the schemas that the paths name", () => {
    for (const { name, request, response } of OPERATIONS) {
      expect(table.get(name)?.body, name).toBe(zodOf(request) ?? expect.unreachable());
      expect(table.get(name)?.response, name).toBe(zodOf(response) ?? expect.unreachable());
    }
  });
});

const CASES = fixedCases(2_000);

/**
 * Requests, successful responses and error responses, with the minimum share of rejected values: an open schema
 * rejects fewer.
 */
const COMPARED = [
  ...OPERATIONS.map(({ name, request }) => ({ what: `requests of ${name}`, schema: request, minRejected: 0.1 })),
  ...OPERATIONS.map(({ name, response }) => ({ what: `responses of ${name}`, schema: response, minRejected: 0.04 })),
  { what: "error responses", schema: { $ref: "#/components/schemas/Problem" }, minRejected: 0.01 },
];

describe("zod and Ajv", () => {
  it("are compared for every request and response body of the schema", () => {
    const contents = [
      ...Object.values(DOCUMENT.paths).flatMap(({ post }) => [post.requestBody, ...Object.values(post.responses)]),
      ...Object.values(DOCUMENT.components.responses),
    ];
    const known = contents.flatMap(({ content }) => content?.["application/json"]?.schema.$ref ?? []);
    expect([...new Set(known)].sort()).toEqual(COMPARED.map(({ schema }) => schema.$ref).sort());
  });
});

describe.each(COMPARED)("zod and Ajv on $what", ({ schema, minRejected }) => {
  const zod = zodOf(schema) ?? expect.unreachable();

  it("accept the same valid values", () => {
    expect(compareValidators(schema, zod, validBodies(schema))).toEqual({ accepted: CASES.numRuns, rejected: 0 });
  });

  it("agree about changed values", () => {
    const { accepted, rejected } = compareValidators(schema, zod, changedBodies(schema));
    expect(rejected / CASES.numRuns).toBeGreaterThan(minRejected);
    expect(accepted / CASES.numRuns).toBeGreaterThan(0.01);
  });

  it("allow each optional field, and no required field, to be missing", () => {
    const { properties = {}, required = [] } = resolved(schema);
    const property = fc.property(validBodies(schema), (body) => {
      const full = Object.entries(Object(body));
      for (const field of Object.keys(properties)) {
        const less = Object.fromEntries(full.filter(([key]) => key !== field));
        fc.pre(!isNotExpressible(schema, less));
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
    expect(validatorOf(seed ?? {})(value)).toBe(true);
  });

  it.each([0.1, 1e-9, 1.5, 2 ** 52 - 0.5])("%d is not an integer for either validator", (value) => {
    expect(schemas.zRunCreate.safeParse({ experiment_id: "e", seed: value }).success).toBe(false);
    expect(validatorOf(seed ?? {})(value)).toBe(false);
  });

  it("beyond the safe range have the same result in both validators", () => {
    for (const value of [2 ** 53, 1e21, -(2 ** 60)]) {
      const byZod = schemas.zRunCreate.safeParse({ experiment_id: "e", seed: value }).success;
      expect(byZod, String(value)).toBe(validatorOf(seed ?? {})(value));
    }
  });
});

describe("an empty patch", () => {
  it.each(["updateExperiment", "updateRun"] as const)("%s: is rejected by Ajv and by the client", async (name) => {
    const { request } = OPERATIONS.find((operation) => operation.name === name) ?? expect.unreachable();
    expect(resolved(request).minProperties).toBe(1);
    expect(validatorOf(request)({})).toBe(false);
    const client = offlineClient();
    expect(await failureOf(() => client[name]("id", {}))).toMatchObject({ name: "EvsysValidationError" });
    expect([...client.local.experiments(), ...client.local.runs()]).toEqual([]);
  });

  it("is rejected by updateExperiment and updateRun only", () => {
    const limited = OPERATIONS.filter(({ request }) => resolved(request).minProperties !== undefined);
    expect(limited.map(({ name }) => name).sort()).toEqual(["updateExperiment", "updateRun"]);
  });
});
