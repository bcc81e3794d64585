import * as z from "zod";
import packaged from "../../generated/openapi.json" with { type: "json" };
import { routes, type SchemaError } from "../../generated/validators.js";
import { type OperationName, ROUTES } from "../api/routes.js";
import { responseValidator } from "../testing/response-validator.js";
import { type JsonSchema, NamedSchemas, schemaReader } from "./json-schema.js";

const JSON_TYPE = "application/json";

const content = z.record(z.string(), z.object({ schema: schemaReader.optional(), example: z.unknown().optional() }));
const response = z.object({ $ref: z.string().optional(), content: content.optional() });
const reader = z.object({
  info: z.object({ title: z.string(), version: z.string() }),
  paths: z.record(
    z.string(),
    z.object({
      post: z.object({
        operationId: z.string(),
        requestBody: z.object({ content }),
        responses: z.record(z.string(), response),
      }),
    }),
  ),
  components: z.object({
    schemas: z.record(z.string(), schemaReader).default({}),
    responses: z.record(z.string(), response).default({}),
  }),
});

/** A route of the schema. */
interface RouteSchema {
  readonly body: JsonSchema;
  /** The schema's example of a request body, if it has one. */
  readonly example: unknown;
  /** The content types of the responses, by status. */
  readonly contentTypes: ReadonlyMap<string, readonly string[]>;
}

/** The OpenAPI schema that a backend is checked against. */
export class ApiSchema {
  /** Its title and version. */
  readonly name: string;
  readonly schemas: NamedSchemas;
  readonly #routes = new Map<string, RouteSchema>();

  /** @throws Error if it is not an OpenAPI schema of the eight routes. */
  constructor(document: unknown) {
    const { info, paths, components } = reader.parse(document);
    this.name = `${info.title} ${info.version}`;
    this.schemas = new NamedSchemas(components.schemas);
    for (const { post } of Object.values(paths)) {
      const { schema = {}, example } = post.requestBody.content[JSON_TYPE] ?? {};
      const contentTypes = Object.entries(post.responses).map(([status, { $ref, ...own }]): [string, string[]] => {
        const shared = $ref === undefined ? own : components.responses[$ref.replace("#/components/responses/", "")];
        return [status, Object.keys(shared?.content ?? {})];
      });
      this.#routes.set(post.operationId, { body: schema, example, contentTypes: new Map(contentTypes) });
    }
  }

  route(name: OperationName): RouteSchema {
    const route = this.#routes.get(name);
    if (route === undefined) throw new Error(`The OpenAPI schema has no operation ${name}.`);
    return route;
  }

  /** The schema errors of a request body; empty if it is valid. */
  bodyProblems(name: OperationName, body: unknown): readonly SchemaError[] {
    const isValid = routes[name].request;
    return isValid(body) ? [] : (isValid.errors ?? []);
  }

  /** The schema errors of a response body; empty if it is valid, or if the schema does not define it. */
  responseProblems(name: OperationName, status: number, body: unknown): readonly SchemaError[] {
    if (this.contentTypes(name, status)?.includes(JSON_TYPE) !== true) return [];
    const fits = responseValidator(name, status);
    return fits === undefined || fits(body) ? [] : (fits.errors ?? []);
  }

  /** The allowed content types of a response; undefined if the schema has no response of this status. */
  contentTypes(name: OperationName, status: number): readonly string[] | undefined {
    const { contentTypes } = this.route(name);
    const key = [String(status), `${Math.floor(status / 100)}XX`, "default"].find((each) => contentTypes.has(each));
    return key === undefined ? undefined : contentTypes.get(key);
  }

  /** The statuses of success in the schema, such as `201` or `2XX`. */
  successes(name: OperationName): readonly string[] {
    return [...this.route(name).contentTypes.keys()].filter((status) => status.startsWith("2"));
  }
}

/** The path of a route with an id filled in. */
export function pathOf(name: OperationName, id: string): string {
  return ROUTES[name].path.replace(/\{\w+\}/, encodeURIComponent(id));
}

/** Whether a route's path contains an id. */
export function hasId(name: OperationName): boolean {
  return ROUTES[name].path.includes("{");
}

/** Reads the packaged schema. */
export function readApiSchema(): ApiSchema {
  return new ApiSchema(packaged);
}
