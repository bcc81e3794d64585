import * as z from "zod";
import packaged from "../../generated/openapi.json" with { type: "json" };
import { routes, type SchemaError } from "../../generated/validators.js";
import { type OperationName, ROUTES } from "../api/routes.js";
import { responseValidator } from "../testing/response-validator.js";
import { type Schema, Schemas, schemaReader } from "./schema.js";

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

/** A route as the document has it. */
interface Route {
  readonly body: Schema;
  /** The document's own example of a body; undefined where it has none. */
  readonly example: unknown;
  /** The kinds of content of the answers, by the status that the document gives them. */
  readonly answers: ReadonlyMap<string, readonly string[]>;
}

/** The document: what a backend is held against. */
export class Documented {
  /** The document's title and version. */
  readonly name: string;
  readonly schemas: Schemas;
  readonly #routes = new Map<string, Route>();

  /** @throws Error where it is no OpenAPI document with the eight routes. */
  constructor(document: unknown) {
    const { info, paths, components } = reader.parse(document);
    this.name = `${info.title} ${info.version}`;
    this.schemas = new Schemas(components.schemas);
    for (const { post } of Object.values(paths)) {
      const { schema = {}, example } = post.requestBody.content[JSON_TYPE] ?? {};
      const answers = Object.entries(post.responses).map(([status, { $ref, ...own }]): [string, string[]] => {
        const shared = $ref === undefined ? own : components.responses[$ref.replace("#/components/responses/", "")];
        return [status, Object.keys(shared?.content ?? {})];
      });
      this.#routes.set(post.operationId, { body: schema, example, answers: new Map(answers) });
    }
  }

  /** A route of the document. */
  route(name: OperationName): Route {
    const route = this.#routes.get(name);
    if (route === undefined) throw new Error(`The OpenAPI document has no operation ${name}.`);
    return route;
  }

  /** What is wrong with the body of a request; nothing where it fits. */
  bodyProblems(name: OperationName, body: unknown): readonly SchemaError[] {
    const fits = routes[name].request;
    return fits(body) ? [] : (fits.errors ?? []);
  }

  /** What is wrong with the JSON of an answer; nothing where it fits or the document promises none. */
  answerProblems(name: OperationName, status: number, body: unknown): readonly SchemaError[] {
    if (this.contentTypes(name, status)?.includes(JSON_TYPE) !== true) return [];
    const fits = responseValidator(name, status);
    return fits === undefined || fits(body) ? [] : (fits.errors ?? []);
  }

  /** The kinds of content that an answer may have; undefined where the document has no answer of this status. */
  contentTypes(name: OperationName, status: number): readonly string[] | undefined {
    const { answers } = this.route(name);
    const key = [String(status), `${Math.floor(status / 100)}XX`, "default"].find((each) => answers.has(each));
    return key === undefined ? undefined : answers.get(key);
  }

  /** The statuses of success as the document gives them, such as `201` or `2XX`. */
  successes(name: OperationName): readonly string[] {
    return [...this.route(name).answers.keys()].filter((status) => status.startsWith("2"));
  }
}

/** The route of an operation as the document writes it, with an id in its place. */
export function pathOf(name: OperationName, id: string): string {
  return ROUTES[name].path.replace(/\{\w+\}/, encodeURIComponent(id));
}

/** Whether a route's path holds an id. */
export function hasId(name: OperationName): boolean {
  return ROUTES[name].path.includes("{");
}

/** Reads the packaged document. */
export function readDocumented(): Documented {
  return new Documented(packaged);
}
