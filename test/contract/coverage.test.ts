import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type OperationName, ROUTES } from "../../src/api/routes.js";
import { ApiSchema } from "../../src/contract/api-schema.js";
import { CHECK_ORDER } from "../../src/contract/check.js";
import { missingFields, unknownFields, wrongValues } from "../../src/contract/invalid-bodies.js";
import { type JsonSchema, NamedSchemas } from "../../src/contract/json-schema.js";
import { Sampler } from "../../src/contract/sample.js";
import type { MockServer, RecordedRequest } from "../../src/testing/index.js";
import { mockServer } from "../support/clients.js";
import { reportOn } from "../support/contract-reports.js";
import { DOCUMENT_PATH, OPERATIONS, resolved, type Schema as TestSchema } from "../support/document.js";

/** The fields of an object and of the objects in its lists, such as `tags` and `predictions.kind`. */
function fieldsOf(schema: TestSchema): { all: string[]; required: string[] } {
  const { properties = {}, required = [] } = resolved(schema);
  const nested = Object.entries(properties).map(([name, field]) => {
    const inner = fieldsOf(resolved(field).items ?? {});
    const below = (names: string[]): string[] => names.map((each) => `${name}.${each}`);
    return { name, all: below(inner.all), required: below(inner.required) };
  });
  const kept = nested.filter(({ name }) => required.includes(name));
  return {
    all: nested.flatMap(({ name, all }) => [name, ...all]),
    required: kept.flatMap(({ name, required: inner }) => [name, ...inner]),
  };
}

/** The fields that a body has, in the same form. */
function fieldsIn(body: unknown): string[] {
  return Object.entries(Object(body)).flatMap(([name, value]) => {
    const [first] = Array.isArray(value) ? value : [];
    return [name, ...(first instanceof Object ? fieldsIn(first).map((each) => `${name}.${each}`) : [])];
  });
}

/** The operations of the document; one that the client does not know is not checked. */
const CHECKED = OPERATIONS.map(({ name, request }) => {
  const operation = CHECK_ORDER.find((each) => each === name);
  if (operation === undefined) throw new Error(`${name} is not checked.`);
  return { name: operation, request };
});

/** The requests of a route that came to a server. */
function requestsOf(server: MockServer, name: OperationName): RecordedRequest[] {
  const pattern = new RegExp(`^${ROUTES[name].path.replace(/\{\w+\}/, "[^/]+")}$`);
  return server.requests.filter(({ path }) => pattern.test(path));
}

describe("valid requests", () => {
  it("contain every field of the schema, and once only the required ones", async () => {
    const server = await mockServer();
    await reportOn(server);
    for (const { name, request } of CHECKED) {
      const { all, required } = fieldsOf(request);
      const taken = requestsOf(server, name).filter(({ committed }) => committed);
      const sets = taken.map(({ body }) => [...new Set(fieldsIn(body))].sort());
      expect(sets, name).toContainEqual(all.sort());
      // A patch requires no field, but it must have one.
      expect(Math.min(...sets.map(({ length }) => length)), name).toBe(Math.max(1, required.length));
    }
  });

  it("send the optional header, and once omit it", async () => {
    const server = await mockServer();
    await reportOn(server);
    for (const { name } of CHECKED) {
      const isGiven = requestsOf(server, name).map(({ idempotencyKey }) => idempotencyKey !== undefined);
      expect(new Set(isGiven), name).toEqual(new Set([true, false]));
    }
  });

  it("reference entities that were created", async () => {
    const server = await mockServer();
    await reportOn(server);
    const [run] = server.runs;
    expect(run?.experiment_id).toBe(server.experiments[0]?.id);
    expect(server.experiments[0]?.best_generation_id).toBe(run?.id);
    expect(server.evals[0]).toMatchObject({ run_id: run?.id, checkpoint_id: server.checkpoints[0]?.id });
    expect(server.predictions[0]).toMatchObject({ run_id: run?.id, eval_id: server.evals[0]?.id });
    expect(server.metrics[0]?.run_id).toBe(run?.id);
  });
});

describe("invalid requests", () => {
  it("are invalid in each field", async () => {
    const server = await mockServer();
    expect(await reportOn(server)).toMatchObject({ differs: 0, notTested: 0 });
    for (const { name, request } of CHECKED) {
      const rejected = requestsOf(server, name).filter(({ status }) => status === 400);
      const valuesOf = (field: string): string[] => rejected.map(({ body }) => typeof Object(body)[field]);
      const { properties = {}, required = [] } = resolved(request);
      for (const [field, schema] of Object.entries(properties)) {
        const types = [resolved(schema).type ?? []].flat();
        if (types.length > 0)
          expect(valuesOf(field), `${name}.${field}`).toContain(types.includes("object") ? "string" : "object");
      }
      for (const field of required) expect(valuesOf(field), `${name} without ${field}`).toContain("undefined");
    }
  });
});

describe("request bodies for other schemas", () => {
  const named = {
    Colour: { type: "string", enum: ["red", "green"] },
    Base: { type: "object", required: ["id"], properties: { id: { type: "string", format: "uuid" } } },
  } as const;
  const schema: JsonSchema = {
    allOf: [{ $ref: "#/components/schemas/Base" }],
    additionalProperties: false,
    properties: {
      colour: { oneOf: [{ type: "null" }, { $ref: "#/components/schemas/Colour" }] },
      at: { type: ["string", "null"], format: "date-time" },
      long: { type: "string", minLength: 20 },
      count: { type: "integer", minimum: 3 },
      flags: { type: "array", minItems: 2, items: { type: "boolean" } },
      nested: { type: "object", additionalProperties: false, properties: { one: { const: "yes" } } },
      series: { type: "object", additionalProperties: { type: "number" } },
      anything: {},
    },
  };
  const schemas = new NamedSchemas(named);
  const full = new Sampler(schemas, "every field", new Map()).value(schema);

  it("are generated from the schema if there is no example", () => {
    expect(full).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      colour: "red",
      at: expect.stringMatching(/Z$/),
      long: expect.stringMatching(/^contract-test-+$/),
      count: 3,
      flags: [true, true],
      nested: { one: "yes" },
      series: { contract_test: 1 },
      anything: "contract-test",
    });
    expect(new Sampler(schemas, "required fields only", new Map()).value(schema)).toEqual({ id: expect.any(String) });
  });

  it("have invalid variants for nested fields too", () => {
    expect(unknownFields(schemas, schema, full).map(({ what }) => what)).toEqual([
      "with contract_test_unknown_field",
      "with nested.contract_test_unknown_field",
    ]);
    expect(missingFields(schemas, schema, full)).toEqual([
      { what: "without id", body: expect.not.objectContaining({ id: expect.anything() }) },
      { what: "flags: []", body: expect.objectContaining({ flags: [] }) },
    ]);
    const wrong = wrongValues(schemas, schema, full).map(({ what }) => what);
    expect(wrong).toEqual(
      expect.arrayContaining([
        'count: "1"',
        'colour: "contract-test"',
        'flags[0]: "true"',
        'series.contract_test: "1"',
      ]),
    );
    expect(wrong.filter((what) => what.startsWith("anything"))).toEqual([]);
  });

  it("conform to our schema if its examples are removed", () => {
    const text = readFileSync(DOCUMENT_PATH, "utf8");
    const bare: unknown = JSON.parse(
      JSON.stringify(parse(text), (key, value) => (key === "example" ? undefined : value)),
    );
    const documented = new ApiSchema(bare);
    for (const { name: operation } of CHECKED) {
      for (const extent of ["every field", "required fields only"] as const) {
        const { body, example } = documented.route(operation);
        expect(example).toBeUndefined();
        const made = new Sampler(documented.schemas, extent, new Map()).value(body);
        expect(documented.bodyProblems(operation, made), `${operation}, ${extent}`).toEqual([]);
      }
    }
  });
});
