import { validateHeaderName, validateHeaderValue } from "node:http";
import { types } from "node:util";
import { didYouMean } from "../util/did-you-mean.js";
import { isObject } from "../util/objects.js";
import { isPlainObject, preview } from "../util/preview.js";
import { MAX_TIMER_MS } from "../util/timers.js";
import type { Failure } from "./failures.js";
import type { MockServerOptions } from "./mock-server.js";
import { MockState } from "./state.js";

const LAST_PORT = 65_535;

/** The rule for an option: its description and its predicate. */
interface Rule {
  readonly what: string;
  readonly fits: (value: unknown) => boolean;
  readonly hint?: string;
  /** Whether errors omit the value. */
  readonly isSecret?: boolean;
}

const YES_OR_NO: Rule = { what: "true or false", fits: (value) => typeof value === "boolean" };
const FUNCTION: Rule = { what: "a function", fits: (value) => typeof value === "function" };
const numberOf = (what: string, fits: (value: number) => boolean): Rule => ({
  what,
  fits: (value) => typeof value === "number" && fits(value),
});

const SERVER_OPTIONS: Readonly<Record<keyof MockServerOptions, Rule>> = {
  port: numberOf(
    `an integer from 0 to ${LAST_PORT}`,
    (port) => Number.isInteger(port) && port >= 0 && port <= LAST_PORT,
  ),
  host: {
    what: "an IP address or host name of this machine, such as 127.0.0.1",
    fits: (host) => typeof host === "string" && host !== "",
  },
  apiKey: {
    what: "a non-empty string without spaces",
    hint: "; omit it to accept any key",
    fits: (key) => typeof key === "string" && /^\S+$/.test(key),
    isSecret: true,
  },
  latencyMs: {
    ...numberOf("a number of 0 or more", (ms) => ms >= 0 && ms <= MAX_TIMER_MS),
    hint: `; at most ${MAX_TIMER_MS}`,
  },
  honourIdempotencyKeys: YES_OR_NO,
  maxBodyBytes: numberOf("a number of 0 or more", (bytes) => bytes >= 0),
  state: { what: "a MockState, such as the `state` of another server", fits: (state) => state instanceof MockState },
  keepRequests: YES_OR_NO,
  onRequest: FUNCTION,
};

const FAILURE_OPTIONS: Readonly<Record<keyof Failure, Rule>> = {
  status: numberOf("200 to 599", (status) => Number.isInteger(status) && status >= 200 && status <= 599),
  body: {
    what: "a string or an object",
    fits: (body) => typeof body === "string" || (typeof body === "object" && body !== null),
  },
  headers: { what: "an object of strings", fits: (headers) => isObject(headers) && areStrings(Object.values(headers)) },
  hang: YES_OR_NO,
  reset: YES_OR_NO,
  times: numberOf("1 or more, or Infinity", (times) => times >= 1 && (Number.isInteger(times) || times === Infinity)),
  match: {
    what: "a string, a RegExp or a function",
    fits: (match) => typeof match === "string" || types.isRegExp(match) || typeof match === "function",
  },
  afterCommit: YES_OR_NO,
};

/**
 * Validates the options of a mock server. Without it, a port given as a string would open a socket file.
 * @throws TypeError or RangeError naming the option, the value and what is allowed.
 */
export function checkOptions(options: MockServerOptions): void {
  check("startMockServer", SERVER_OPTIONS, options);
}

/**
 * Validates a failure of `failNext`.
 * @throws TypeError or RangeError naming the option, the value and what is allowed.
 */
export function checkFailure(failure: Failure): void {
  check("failNext", FAILURE_OPTIONS, failure);
  const { status, body, headers, hang, reset } = failure;
  const responds = status !== undefined || body !== undefined;
  const effects = Number(responds) + Number(hang === true) + Number(reset === true);
  if (effects === 0) throw new TypeError("failNext: set one of status, body, hang and reset.");
  if (effects > 1) throw new TypeError("failNext: hang, reset and status (or body) exclude each other.");
  if (headers !== undefined && !responds) throw new TypeError("failNext: headers need a status or a body.");
  for (const [name, value] of Object.entries(headers ?? {})) {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  }
}

function check(subject: string, rules: Readonly<Record<string, Rule>>, options: unknown): void {
  // A string passed instead of the options may be the API key.
  const given = typeof options === "string" ? "a string" : preview(options);
  if (!isObject(options) || !isPlainObject(options))
    throw new TypeError(`${subject}: expected an object, not ${given}.`);
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) throw unknownOption(subject, name, Object.keys(rules));
    if (value === undefined || rule.fits(value)) continue;
    const got = rule.isSecret ? "" : `, not ${preview(value)}`;
    const message = `${subject}: ${name} must be ${rule.what}${got}${rule.hint ?? ""}.`;
    throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
  }
}

function unknownOption(subject: string, name: string, known: readonly string[]): TypeError {
  const meant = didYouMean(name, known);
  const hint = meant === undefined ? `known options: ${known.join(", ")}.` : `did you mean ${meant}?`;
  return new TypeError(`${subject}: unknown option ${name}; ${hint}`);
}

function areStrings(values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === "string");
}
