import type { Client } from "openapi-fetch";
import type { z } from "zod";
import type { Config } from "../config.js";
import { type Answer, sorted } from "./answer.js";
import type { Deadline } from "./deadline.js";
import { createHttp } from "./http.js";

/** One attempt at one write. */
export interface Attempt {
  /** The route as the document writes it, such as `/sdk/runs/{run_id}/`. */
  readonly path: string;
  /** The ids in the path. */
  readonly ids: Readonly<Record<string, string>>;
  /** The body as it goes over the wire: JSON text. */
  readonly body: string | Uint8Array | undefined;
  /** Names the write; the same on every attempt. */
  readonly idempotencyKey: string;
  /** What the document promises as an answer; undefined where any text will do. */
  readonly promised: z.ZodType | undefined;
}

/** Sends attempts and sorts what comes back. It never throws for what a network or a backend does. */
export interface Transport {
  send(attempt: Attempt, deadline: Deadline): Promise<Answer>;
  close(): Promise<void>;
}

/** Bodies arrive here as the bytes of the mirror: they were typed and checked where they were accepted. */
interface EncodedRoutes {
  [path: string]: {
    post: {
      parameters: { path: Record<string, string> };
      responses: { 200: { content: { "application/json": string } } };
    };
  };
}

/** The part of the standard `Request` that is needed here; the whole one costs a multiple. */
class Address {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }
}

/** A transport for one client: openapi-fetch over one connection pool, or over the caller's fetch. */
export function createTransport(config: Config): Transport {
  const { origin, pathname } = new URL(config.baseUrl);
  const http = createHttp(origin, config);
  let routes: Promise<Client<EncodedRoutes>> | undefined;
  const authorization = config.apiKey === undefined ? {} : { authorization: `Bearer ${config.apiKey}` };
  const redact = redactor(config.apiKey);
  return {
    async send({ path, ids, body, idempotencyKey, promised }, deadline) {
      const type = body === undefined ? {} : { "content-type": "application/json" };
      const headers = { ...authorization, ...type, "idempotency-key": idempotencyKey };
      try {
        routes ??= typedRoutes(`${origin}${pathname.replace(/\/$/, "")}/api/dashboard/api`);
        const { response } = await (await routes).POST(path, {
          params: { path: ids },
          parseAs: "text",
          fetch: ({ url }) => http.send({ url, headers, body }, deadline) as unknown as Promise<Response>,
        });
        const text = await response.text();
        const shownPath = (): string => path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? "");
        const header = (name: string) => response.headers.get(name);
        return sorted({ status: response.status, header, text }, { path: shownPath, promised, redact });
      } catch (error) {
        return {
          kind: "away",
          reason: redact(reasonOfFailure(deadline.reason ?? error))
            .replace(/\s+/g, " ")
            .trim(),
        };
      }
    },
    close: () => http.close(),
  };
}

/** Loaded when it is first needed, as undici is. */
async function typedRoutes(baseUrl: string): Promise<Client<EncodedRoutes>> {
  const { default: createClient } = await import("openapi-fetch");
  // Body and headers are ready, and openapi-fetch would copy them twice: it is asked for the address alone.
  return createClient<EncodedRoutes>({ baseUrl, Request: Address as unknown as typeof Request });
}

function reasonOfFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node keeps the telling part of a failed connection in the cause, or in the code alone.
  const told = error.cause instanceof Error ? error.cause : error;
  const code = "code" in told && typeof told.code === "string" ? told.code : told.name;
  return told.message.includes(code) || told.message === "" ? told.message || code : `${code}: ${told.message}`;
}

/** Removes the key where it stands as a word of its own: a key of one letter must not eat the letters of others. */
function redactor(apiKey: string | undefined): (text: string) => string {
  if (apiKey === undefined) return (text) => text;
  const key = apiKey.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const word = new RegExp(`(?<![\\w-])${key}(?![\\w-])`, "g");
  return (text) => text.replace(word, "[API key]");
}
