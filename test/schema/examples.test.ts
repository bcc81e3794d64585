import { describe, expect, it } from "vitest";
import type { z } from "zod";
import * as schemas from "../../generated/schemas.js";
import { DOCUMENT, resolved, validatorOf } from "../support/document.js";

const zodSchemas = new Map<string, z.ZodType>(Object.entries(schemas));

describe("the examples in the schema", () => {
  const examples = Object.values(DOCUMENT.paths).flatMap(({ post }) => {
    const responses = Object.entries(post.responses).filter(([, { $ref }]) => $ref === undefined);
    return [["request", post.requestBody] as const, ...responses].flatMap(([what, { content = {} }]) =>
      Object.values(content).map(({ schema, example }) => ({ what: `${post.operationId} ${what}`, schema, example })),
    );
  });
  const problems = Object.entries(DOCUMENT.components.responses).flatMap(([what, { content }]) =>
    Object.entries(content).map(([type, { schema, example }]) => ({ what: `${what} ${type}`, schema, example })),
  );

  it("exist for each request and response", () => {
    expect(examples).toHaveLength(16);
    expect(problems.map(({ what }) => what)).toEqual([
      "Refused application/json",
      "Refused text/plain",
      "Failed application/json",
      "Failed text/plain",
    ]);
    const shared = Object.values(DOCUMENT.paths).flatMap(({ post }) => Object.values(post.responses));
    const named = new Set(shared.flatMap(({ $ref }) => $ref ?? []));
    expect([...named].sort()).toEqual(["#/components/responses/Failed", "#/components/responses/Refused"]);
  });

  it.each([...examples, ...problems])("of $what are valid for zod and Ajv", ({ schema, example }) => {
    expect(example).toBeDefined();
    expect(validatorOf(schema)(example)).toBe(true);
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

  it("of parameters are valid for zod and Ajv", () => {
    for (const [name, { schema, example }] of Object.entries(DOCUMENT.components.parameters)) {
      expect(validatorOf(schema)(example), name).toBe(true);
      expect(zodSchemas.get(`z${name}`)?.safeParse(example), name).toMatchObject({ success: true });
    }
  });
});
