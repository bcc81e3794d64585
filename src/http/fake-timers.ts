/**
 * Whether a test runner or sinon has replaced Node's timers. undici waits for setImmediate before it uses a connection again
 * and for queueMicrotask when it closes one, and fake timers run neither by themselves.
 */
export function hasFakeTimers(): boolean {
  return "clock" in setImmediate || "clock" in queueMicrotask;
}
