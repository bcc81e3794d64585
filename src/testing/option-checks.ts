import { nearest } from "../nearest.js";
import type { MockServerOptions } from "./mock-server.js";

const LAST_PORT = 65_535;
const OPTIONS = {
  port: true,
  host: true,
  apiKey: true,
  latencyMs: true,
  honourIdempotencyKeys: true,
  maxBodyBytes: true,
  state: true,
  keepRequests: true,
  onAnswer: true,
} as const satisfies Record<keyof MockServerOptions, true>;

/**
 * Refuses options of a mock server that do not fit: a port of text would open a socket file, and an option that is
 * misspelt would be no option at all.
 * @throws TypeError for an unknown option or an empty key, RangeError for a number that cannot be.
 */
export function checkOptions(options: MockServerOptions): void {
  const names = Object.keys(OPTIONS);
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const meant = nearest(name, names);
    const hint = meant === undefined ? `there are ${names.join(", ")}.` : `did you mean ${meant}?`;
    throw new TypeError(`startMockServer: unknown option ${name}; ${hint}`);
  }
  const { port = 0, apiKey = "any", latencyMs = 0, maxBodyBytes = 0 } = options;
  if (!Number.isInteger(port) || port < 0 || port > LAST_PORT) {
    throw new RangeError(
      `startMockServer: port must be a whole number of 0 to ${LAST_PORT}, not ${JSON.stringify(port)}.`,
    );
  }
  if (typeof apiKey !== "string" || !/^\S+$/.test(apiKey)) {
    throw new TypeError(
      "startMockServer: apiKey must be a text that is not empty and has no spaces; leave it out to take any.",
    );
  }
  for (const [name, value] of Object.entries({ latencyMs, maxBodyBytes })) {
    if (typeof value === "number" && value >= 0) continue;
    throw new RangeError(`startMockServer: ${name} must be a number of 0 or more, not ${JSON.stringify(value)}.`);
  }
}
