import * as z from "zod";
import { MAX_TIMER_MS } from "../util/timers.js";
import { validated } from "../util/validation.js";

/** How one call deviates from the options of its client. */
export interface CallOptions {
  /** Maximum time of this call in milliseconds: queueing, retries and Retry-After included. Default: the client's `timeoutMs`. */
  readonly timeoutMs?: number | undefined;
}

/** How long to wait for pending writes. */
export interface WaitOptions {
  /** Maximum time to wait, in milliseconds; 0 does not wait. Default: one try for each write, however long it takes. */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait early. What is still pending stays in the mirror and is sent later. */
  readonly signal?: AbortSignal | undefined;
}

/** An AbortSignal, also one of another realm, such as the environment of a test runner. */
export const abortSignal = z.custom<AbortSignal>(isAbortSignal, "expected an AbortSignal");

const callOptions = z.strictObject({ timeoutMs: z.number().positive().max(MAX_TIMER_MS).optional() });
const waitOptions = z.strictObject({
  timeoutMs: z.number().min(0).max(MAX_TIMER_MS).optional(),
  signal: abortSignal.optional(),
});

/**
 * The `timeoutMs` of one call.
 * @throws EvsysValidationError for invalid options.
 */
export function timeoutOf(method: string, options: CallOptions | undefined): number | undefined {
  return options === undefined ? undefined : validated(`${method} options`, callOptions, options).timeoutMs;
}

/** @throws EvsysValidationError for invalid options. */
export function checkedWait(method: string, options: WaitOptions | undefined): WaitOptions {
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
