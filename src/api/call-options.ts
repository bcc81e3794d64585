import * as z from "zod";
import { MAX_TIMER_MS } from "../util/timers.js";
import { validated } from "../util/validation.js";

/** Options of a single call. They override those of the client. */
export interface CallOptions {
  /** Maximum time of the call in milliseconds, including queueing, retries and Retry-After. Default: the client's `timeoutMs`. */
  readonly timeoutMs?: number | undefined;
}

/** Options of a wait for pending writes. */
export interface WaitOptions {
  /** Maximum time to wait, in milliseconds; 0 does not wait. Default: one attempt per write, however long it takes. */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait early. What is still pending stays in the mirror and is sent later. */
  readonly signal?: AbortSignal | undefined;
}

/** Accepts an AbortSignal, including one from another realm, such as a test runner's. */
export const abortSignal = z.custom<AbortSignal>(isAbortSignal, "expected an AbortSignal");

const callOptions = z.strictObject({ timeoutMs: z.number().positive().max(MAX_TIMER_MS).optional() });
const waitOptions = z.strictObject({
  timeoutMs: z.number().min(0).max(MAX_TIMER_MS).optional(),
  signal: abortSignal.optional(),
});

/**
 * Validates the options of a call and returns its `timeoutMs`.
 * @throws EvsysValidationError for invalid options.
 */
export function timeoutOf(method: string, options: CallOptions | undefined): number | undefined {
  return options === undefined ? undefined : validated(`${method} options`, callOptions, options).timeoutMs;
}

/**
 * Validates wait options.
 * @throws EvsysValidationError for invalid options.
 */
export function validWaitOptions(method: string, options: WaitOptions | undefined): WaitOptions {
  return options === undefined ? {} : validated(`${method} options`, waitOptions, options);
}

function isAbortSignal(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof Reflect.get(value, "aborted") === "boolean" &&
    typeof Reflect.get(value, "addEventListener") === "function"
  );
}
