import { setMaxListeners } from "node:events";

/** Calls back when a signal aborts, unless it has aborted already. Returns a function that removes the listener. */
export function onAbort(signal: AbortSignal | undefined, abort: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => {};
  allowManyListeners(signal);
  const listener = (): void => abort(signal.reason);
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}

/** Keeps Node from warning of a leak at more than ten listeners: any number of runs or writes may wait for one signal. */
export function allowManyListeners(signal: AbortSignal): void {
  try {
    setMaxListeners(0, signal);
  } catch {
    // The signal of another implementation, such as jsdom's, has no such limit.
  }
}
