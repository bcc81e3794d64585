import { randomUUID } from "node:crypto";
import type { Client } from "openapi-fetch";
import type { paths } from "../../generated/types.js";
import { type OperationName, ROUTES } from "../api/routes.js";
import type { Config } from "../config.js";
import { backendAt } from "../util/api-path.js";
import { withoutCredentials } from "../util/proxy.js";
import type { Deadline } from "./deadline.js";
import { outcomeOfFailure } from "./failure.js";
import { type Outcome, outcomeOf } from "./outcome.js";
import { createHttp } from "./pool-transport.js";
import { redactor } from "./redaction.js";
import { type ResponseCheck, responseCheck } from "./response-schema.js";
import { createUserApi } from "./user-api.js";
import { createWriteClient, type Write, type WriteClient } from "./write-client.js";

/** Sends requests to one backend and classifies the responses. */
export interface BackendApi {
  /** The `client.api` of users: typed by the schema, not mirrored. */
  readonly api: Client<paths>;
  /** Makes one attempt at one of the eight writes. `body`: JSON. `idempotencyKey`: the same on every attempt. Never throws. */
  send(
    name: OperationName,
    ids: Readonly<Record<string, string>>,
    body: string | Uint8Array,
    idempotencyKey: string,
    deadline: Deadline,
  ): Promise<Outcome>;
  /** Makes one attempt to post JSON to any path; every 2xx response counts as delivered. Never throws. */
  post(path: string, body: string | undefined, deadline: Deadline, idempotencyKey?: string): Promise<Outcome>;
  /** Closes the connections. Never throws. */
  close(): Promise<void>;
}

/** Creates the backend API of one client, over its own connection pool or the caller's fetch. */
export function createBackendApi(config: Config): BackendApi {
  const { origin, routes } = backendAt(config.baseUrl);
  const http = createHttp(origin, config);
  const redact = redactor(config.apiKey);
  const proxy = config.proxy && withoutCredentials(config.proxy);
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
      attempt({ path: ROUTES[name].path, ids, body, idempotencyKey, deadline }, checkOf(name)),
    post: (path, body, deadline, idempotencyKey = randomUUID()) =>
      attempt({ path, ids: undefined, body, idempotencyKey, deadline }, undefined),
    close: () => http.close(),
  };
}
