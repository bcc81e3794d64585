import type { Config } from "../config.js";
import { fetchTransport } from "./fetch-transport.js";
import type { Http } from "./http.js";
import { poolTransport } from "./pool-transport.js";

/** Creates the transport: the caller's fetch if given, else an undici pool; the runtime's fetch if undici cannot be used. */
export function createHttp(origin: string, { fetch, proxy }: Config): Http {
  return fetch === undefined ? poolTransport(origin, proxy) : fetchTransport(fetch);
}
