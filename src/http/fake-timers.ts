/**
 * Whether a test runner or sinon has replaced Node's timers. undici needs setImmediate to reuse a connection and
 * queueMicrotask to close one, and fake timers run neither by themselves.
 */
export function hasFakeTimers(): boolean {
  return "clock" in setImmediate || "clock" in queueMicrotask;
}
