import type { Client, Middleware } from "openapi-fetch";
import type { paths } from "../../generated/types.js";
import { ID_RULE, isSafeId } from "../api/ids.js";
import type { Config } from "../config.js";
import { EvsysError, EvsysValidationError } from "../errors.js";
import { preview } from "../util/preview.js";
import { messageOf } from "../util/thrown.js";
import { issueAt } from "../util/validation.js";
import type { Http } from "./http.js";
import type { Redact } from "./redaction.js";
import { userFetch } from "./user-fetch.js";

/** Creates `client.api`. The first call loads openapi-fetch. */
export function createUserApi(config: Config, routes: string, http: Http, redact: Redact): Client<paths> {
  const middleware = new Set<Middleware>();
  let loading: Promise<Client<paths>> | undefined;
  let loaded: Client<paths> | undefined;

  const load = async (): Promise<Client<paths>> => {
    const { default: createClient, defaultPathSerializer } = await import("openapi-fetch");
    loaded = createClient<paths>({
      baseUrl: routes,
      fetch: userFetch(config, routes, http, redact),
      pathSerializer: (path, ids) => defaultPathSerializer(path, safeIds(ids)),
      bodySerializer,
    });
    loaded.use(...middleware);
    return loaded;
  };

  const forward =
    (method: "request" | "GET" | "PUT" | "POST" | "DELETE" | "OPTIONS" | "HEAD" | "PATCH" | "TRACE") =>
    async (...call: unknown[]) => {
      if (config.offline) {
        const mode = config.disabled ? "disabled" : "offline";
        throw new EvsysError(`client.api sends requests, but this client is ${mode}.`);
      }
      loading ??= load();
      const client = await loading;
      return Reflect.apply(client[method], client, call);
    };

  return {
    request: forward("request"),
    GET: forward("GET"),
    PUT: forward("PUT"),
    POST: forward("POST"),
    DELETE: forward("DELETE"),
    OPTIONS: forward("OPTIONS"),
    HEAD: forward("HEAD"),
    PATCH: forward("PATCH"),
    TRACE: forward("TRACE"),
    use(...added) {
      for (const each of added) middleware.add(each);
      loaded?.use(...added);
    },
    eject(...removed) {
      for (const each of removed) middleware.delete(each);
      loaded?.eject(...removed);
    },
  };
}

/** Rejects ids such as `..`, which would change the route. */
function safeIds(ids: Record<string, unknown>): Record<string, unknown> {
  const issues = Object.entries(ids)
    .filter(([, id]) => !isSafeId(id))
    .map(([name, id]) => issueAt(["params", "path", name], `expected ${ID_RULE}, got ${preview(id)}`));
  if (issues.length > 0) throw new EvsysValidationError("client.api", issues);
  return ids;
}

function bodySerializer(body: unknown): string {
  try {
    return JSON.stringify(body);
  } catch (error) {
    throw new EvsysValidationError("client.api", [issueAt(["body"], `JSON cannot represent it: ${messageOf(error)}`)]);
  }
}
