import type { Config } from "../config.js";
import type { Deadline } from "./deadline.js";
import { fetching } from "./fetching.js";
import { pooling } from "./pooling.js";
import type { RawResponse } from "./response.js";

/** One request. */
export interface HttpRequest {
  /** Default POST. */
  readonly method?: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | undefined;
}

/** Sends requests over connections of its own. It follows no redirect. */
export interface Http {
  /** @throws what the network does, and the deadline's reason when its time is over. */
  send(request: HttpRequest, deadline: Deadline): Promise<RawResponse>;
  /** Ends the connections, and what is in flight on them. It never throws. */
  close(): Promise<void>;
}

/** The caller's fetch if there is one, else a connection pool of undici; the runtime's fetch where that cannot be used. */
export function createHttp(origin: string, { fetch, proxy }: Config): Http {
  return fetch === undefined ? pooling(origin, proxy) : fetching(fetch);
}
