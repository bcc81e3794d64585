import type { Config, Fetch } from "../config.js";
import type { Logger } from "../logger.js";
import { outsideRuns } from "./current-run.js";

/** One wrapper for each function: clients share their sending only if they have the same fetch. */
const fetches = new WeakMap<Fetch, Fetch>();

/**
 * Wraps the callbacks of a client, so that no run is current in them. The client sends the rows of all its runs together,
 * so the run that was current when the sending began has nothing to do with the row that a callback is about.
 */
export function withCallbacksOutsideRuns(config: Config): Config {
  const { fetch, logger, onDeliveryError } = config;
  return {
    ...config,
    fetch: fetch && fetchOutsideRuns(fetch),
    logger: logger && loggerOutsideRuns(logger),
    onDeliveryError: onDeliveryError && outsideRuns(onDeliveryError),
  };
}

function fetchOutsideRuns(fetch: Fetch): Fetch {
  const wrapped = fetches.get(fetch) ?? outsideRuns(fetch);
  fetches.set(fetch, wrapped);
  return wrapped;
}

function loggerOutsideRuns(logger: Logger): Logger {
  return {
    debug: outsideRuns((message: string) => logger.debug(message)),
    info: outsideRuns((message: string) => logger.info(message)),
    warn: outsideRuns((message: string) => logger.warn(message)),
    error: outsideRuns((message: string) => logger.error(message)),
  };
}
