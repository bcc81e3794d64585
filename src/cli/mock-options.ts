import { type Given, UsageError } from "./arguments.js";

const USUAL_PORT = 8000;
const LAST_PORT = 65_535;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

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
  // What stands there may be a key that a space cut off from its option.
  if (given.dirs.length > 0) throw new UsageError("mock takes options alone: evsys-sdk mock --help shows them.");
  const port = atMost(LAST_PORT, "port", given.number("port", 0, "whole") ?? USUAL_PORT);
  const failRate = atMost(1, "fail-rate", given.number("fail-rate", 0, "any") ?? 0);
  const latencyMs = atMost(LONGEST_TIMER_MS, "latency-ms", given.number("latency-ms", 0, "whole") ?? 0);
  const host = given.text("host") ?? "localhost";
  const apiKey = given.text("api-key");
  if (host === "") throw new UsageError("--host takes an address of this machine, such as 0.0.0.0 for all of them.");
  if (apiKey !== undefined && !/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new UsageError("--api-key takes printable ASCII characters without spaces.");
  }
  return { port, host, apiKey, failRate, latencyMs };
}

function atMost(most: number, option: string, value: number): number {
  if (value <= most) return value;
  throw new UsageError(`--${option} takes a number of ${most} at the most, not ${value}.`);
}
