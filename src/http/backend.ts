import { randomUUID } from "node:crypto";
import type { Client } from "openapi-fetch";
import type { paths } from "../../generated/types.js";
import { type OperationName, operations } from "../api/routes.js";
import type { Config } from "../config.js";
import { backendAt } from "../util/api-path.js";
import { shownProxy } from "../util/proxy.js";
import type { Deadline } from "./deadline.js";
import { outcomeOfFailure } from "./failure.js";
import { createHttp } from "./http.js";
import { type Outcome, outcomeOf } from "./outcome.js";
import { redactor } from "./redaction.js";
import { type ResponseCheck, responseCheck } from "./response-schema.js";
import { createUserApi } from "./user-api.js";
import { createWriteClient, type Write, type WriteClient } from "./write-client.js";

/** The requests to one backend. */
export interface BackendApi {
  /** For users: typed by the schema, not mirrored. */
  readonly api: Client<paths>;
  /** Makes one attempt at one of the eight writes. `body`: JSON. `idempotencyKey`: the same on every attempt. It never throws. */
  send(
    name: OperationName,
    ids: Readonly<Record<string, string>>,
    body: string | Uint8Array,
    idempotencyKey: string,
    deadline: Deadline,
  ): Promise<Outcome>;
  /** Makes one attempt at posting JSON to any path; any 2xx response is delivered. It never throws. */
  post(path: string, body: string | undefined, deadline: Deadline, idempotencyKey?: string): Promise<Outcome>;
  /** Ends the connections. It never throws. */
  close(): Promise<void>;
}

/** The requests of one client, over one connection pool or over the caller's fetch. */
export function createBackendApi(config: Config): BackendApi {
  const { origin, routes } = backendAt(config.baseUrl);
  const http = createHttp(origin, config);
  const redact = redactor(config.apiKey);
  const proxy = config.proxy && shownProxy(config.proxy);
  const checks = new Map<OperationName, ResponseCheck>();
  let client: WriteClient | undefined;

  const attempt = async (write: Write, check: ResponseCheck | undefined): Promise<Outcome> => {
    const expected = { path: write.path, ids: write.ids, check, redact, proxy };
    try {
      client ??= await createWriteClient(routes, http, config.apiKey);
      return outcomeOf(await client(write), expected);
    } catch (error) {
      return outcomeOfFailure(error, write.deadline, expected);
    }
  };

  const checkOf = (name: OperationName): ResponseCheck => {
    const known = checks.get(name) ?? responseCheck(name);
    checks.set(name, known);
    return known;
  };

  return {
    api: createUserApi(config, routes, http, redact),
    send: (name, ids, body, idempotencyKey, deadline) =>
      attempt({ path: operations[name].path, ids, body, idempotencyKey, deadline }, checkOf(name)),
    post: (path, body, deadline, idempotencyKey = randomUUID()) =>
      attempt({ path, ids: undefined, body, idempotencyKey, deadline }, undefined),
    close: () => http.close(),
  };
}
