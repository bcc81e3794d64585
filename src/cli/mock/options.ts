import { MAX_TIMER_MS } from "../../util/timers.js";
import { type ParsedArguments, UsageError } from "../terminal/arguments.js";

const DEFAULT_PORT = 8000;
const MAX_PORT = 65_535;

/** The options of `evsys-sdk mock`. */
export interface MockOptions {
  readonly port: number;
  readonly host: string;
  /** The only key to accept; undefined accepts any. */
  readonly apiKey: string | undefined;
  /** The fraction of requests to fail, 0 to 1. */
  readonly failRate: number;
  readonly latencyMs: number;
}

/**
 * Reads the options of `evsys-sdk mock`.
 * @throws UsageError for invalid options. Its message never contains the key.
 */
export function mockOptions(given: ParsedArguments): MockOptions {
  const port = given.number("port", 0, "integer", MAX_PORT) ?? DEFAULT_PORT;
  const failRate = given.number("fail-rate", 0, "any", 1) ?? 0;
  const latencyMs = given.number("latency-ms", 0, "integer", MAX_TIMER_MS) ?? 0;
  const host = given.text("host") ?? "localhost";
  const apiKey = given.text("api-key");
  if (host === "")
    throw new UsageError("--host requires an address of this machine, such as 0.0.0.0 for all interfaces.");
  if (apiKey !== undefined && !/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new UsageError("--api-key must consist of printable ASCII characters without spaces.");
  }
  return { port, host, apiKey, failRate, latencyMs };
}
