import { MAX_TIMER_MS } from "../../util/timers.js";
import { type Given, UsageError } from "../terminal/arguments.js";

const USUAL_PORT = 8000;
const LAST_PORT = 65_535;

/** What was asked of the mock server. */
export interface MockOptions {
  readonly port: number;
  readonly host: string;
  /** The only key it takes; undefined where it takes any. */
  readonly apiKey: string | undefined;
  /** The share of requests that fail, 0 to 1. */
  readonly failRate: number;
  readonly latencyMs: number;
}

/**
 * What was asked of the mock server, with the defaults in place.
 * @throws UsageError where it does not fit. It shows no key.
 */
export function mockOptions(given: Given): MockOptions {
  const port = given.number("port", 0, "whole", LAST_PORT) ?? USUAL_PORT;
  const failRate = given.number("fail-rate", 0, "any", 1) ?? 0;
  const latencyMs = given.number("latency-ms", 0, "whole", MAX_TIMER_MS) ?? 0;
  const host = given.text("host") ?? "localhost";
  const apiKey = given.text("api-key");
  if (host === "") throw new UsageError("--host takes an address of this machine, such as 0.0.0.0 for all of them.");
  if (apiKey !== undefined && !/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new UsageError("--api-key takes printable ASCII characters without spaces.");
  }
  return { port, host, apiKey, failRate, latencyMs };
}
