import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { parse } from "yaml";
import type { BodyOf, OperationName } from "../operations.js";

const DOCUMENT = "openapi/evsys-sdk.yaml";
const JSON_SCHEMA = "/content/application~1json/schema";

/** A route of the document. */
export interface DocumentedRoute {
  readonly operationId: string;
  /** Fits a path of this route as the document writes it; its group is the id in it, still encoded. */
  readonly pattern: RegExp;
}

/** The document, compiled: what may be sent and what may be answered. */
export class Contract {
  /** The routes of the document. All of them are POSTs. */
  readonly routes: readonly DocumentedRoute[];
  readonly #document: unknown;
  readonly #pointers = new Map<string, string>();
  readonly #ajv = new Ajv2020({ strict: false, strictNumbers: true, allErrors: true });
  readonly #answers = new Map<string, ValidateFunction>();

  constructor(document: unknown) {
    if (!isRecord(document)) throw new Error(`${DOCUMENT} is not an OpenAPI document.`);
    this.#document = document;
    formats.default(this.#ajv);
    this.#ajv.addSchema(document, DOCUMENT);
    this.routes = Object.entries(recordAt(document, "/paths")).map(([path, item]) => {
      const operationId = isRecord(item) && isRecord(item.post) ? item.post.operationId : undefined;
      if (typeof operationId !== "string") throw new Error(`${DOCUMENT}: ${path} has no POST with an operationId.`);
      this.#pointers.set(operationId, `/paths/${path.replaceAll("/", "~1")}/post`);
      return { operationId, pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "([^/]+)")}$`) };
    });
  }

  /** Checks the body of a request. */
  body<Name extends OperationName>(name: Name): ValidateFunction<BodyOf<Name>> {
    return this.#compile<BodyOf<Name>>(`${this.#pointer(name)}/requestBody${JSON_SCHEMA}`);
  }

  /** Checks the Idempotency-Key of a request. */
  key(): ValidateFunction<string> {
    return this.#compile<string>("/components/parameters/IdempotencyKey/schema");
  }

  /** Checks the body of an answer with this status. Undefined where the document has no such answer. */
  answer(operationId: string, status: number): ValidateFunction | undefined {
    const known = this.#answers.get(`${operationId} ${status}`);
    if (known !== undefined) return known;
    const responses = `${this.#pointer(operationId)}/responses`;
    const documented = recordAt(this.#document, responses);
    const name = [String(status), `${Math.floor(status / 100)}XX`, "default"].find((each) => each in documented);
    if (name === undefined) return undefined;
    const response = documented[name];
    const shared = isRecord(response) ? response.$ref : undefined;
    const pointer = typeof shared === "string" ? shared.slice(1) : `${responses}/${name}`;
    const validate = this.#compile(`${pointer}${JSON_SCHEMA}`);
    this.#answers.set(`${operationId} ${status}`, validate);
    return validate;
  }

  #pointer(operationId: string): string {
    const pointer = this.#pointers.get(operationId);
    if (pointer === undefined) throw new Error(`${DOCUMENT} has no operation ${operationId}.`);
    return pointer;
  }

  #compile<Body = unknown>(pointer: string): ValidateFunction<Body> {
    return this.#ajv.compile<Body>({ $ref: `${DOCUMENT}#${encodeURI(pointer)}` });
  }
}

/** Reads and compiles the packaged document: some tens of milliseconds. */
export function readContract(): Contract {
  return new Contract(parse(readFileSync(documentPath(), "utf8")));
}

/** The document lies in the package's root, which is further up from the built file than from the source. */
function documentPath(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    const path = join(folder, DOCUMENT);
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) throw new Error(`${DOCUMENT} was not found in any folder above ${start}.`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function recordAt(document: unknown, pointer: string): Record<string, unknown> {
  let node = document;
  for (const step of pointer.split("/").slice(1)) node = isRecord(node) ? node[step.replaceAll("~1", "/")] : undefined;
  if (!isRecord(node)) throw new Error(`${DOCUMENT} has no object at ${pointer}.`);
  return node;
}
