import type { Config } from "../config.js";
import type { Logger } from "../logger.js";
import { isLoopback } from "../util/loopback.js";

/** Warns if the API key travels to another machine over plain http. */
export function warnIfExposed({ baseUrl, offline }: Config, logger: Logger): void {
  const { protocol, host } = new URL(baseUrl);
  if (offline || protocol !== "http:" || isLoopback(baseUrl)) return;
  logger.warn(
    `The API key and all writes go to ${host} over plain http, where others can read them. Use https in baseUrl (EVSYS_API_URL).`,
  );
}
