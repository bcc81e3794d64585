import { messageOf } from "./thrown.js";

/**
 * Wraps a user's callback so that it cannot affect a write: exceptions and rejected promises are caught. `report` receives
 * one message, for the first failure.
 */
export function safeCallback<Args extends readonly unknown[]>(
  name: string,
  callback: (...args: Args) => unknown,
  report: (message: string) => void,
): (...args: Args) => void {
  let hasFailed = false;
  const onFailure = (thrown: unknown): void => {
    if (hasFailed) return;
    hasFailed = true;
    report(`${name} failed: ${messageOf(thrown)}. No write is affected. Further failures of ${name} are not reported.`);
  };
  return (...args) => {
    try {
      const result = callback(...args);
      // A promise of our own handles any thenable, even one with a faulty `then`.
      if (typeof result === "object" && result !== null) {
        new Promise((resolve) => resolve(result)).then(undefined, onFailure);
      }
    } catch (thrown) {
      onFailure(thrown);
    }
  };
}
