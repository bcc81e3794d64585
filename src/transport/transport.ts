import type { PathSerializer } from "openapi-fetch";
import type * as z from "zod";
import { backendAt } from "../api-path.js";
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

/** A transport for one client, over one connection pool or over the caller's fetch. */
export function createTransport(config: Config): Transport {
  const { origin, routes } = backendAt(config.baseUrl);
  const http = createHttp(origin, config);
  const authorization = config.apiKey === undefined ? {} : { authorization: `Bearer ${config.apiKey}` };
  const redact = redactor(config.apiKey);
  return {
    async send({ path, ids, body, idempotencyKey, promised }, deadline) {
      const type = body === undefined ? {} : { "content-type": "application/json" };
      const headers = { ...authorization, ...type, "idempotency-key": idempotencyKey };
      try {
        fillPath ??= await pathFiller();
        const address = fillPath(path, ids);
        const answer = await http.send({ url: routes + address, headers, body }, deadline);
        return sorted(answer, { path: address, promised, redact });
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

let fillPath: PathSerializer | undefined;

/** Of openapi-fetch, which is loaded when it is first needed: it would parse and copy bodies that are ready. */
async function pathFiller(): Promise<PathSerializer> {
  return (await import("openapi-fetch")).defaultPathSerializer;
}

function reasonOfFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node keeps the telling part of a failed connection in the cause, or in the code alone.
  const told = error.cause instanceof Error ? error.cause : error;
  // What OpenSSL says where plain http answers.
  if (/wrong version number/i.test(told.message)) return "it does not speak TLS; http in place of https?";
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
