import { EXIT } from "./exit-codes.js";
import type { Output } from "./output.js";

const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM"];

/** The stop request of a user. */
export interface StopHandle {
  readonly signal: AbortSignal;
  /** Restores Node's default handling of the signals. */
  release(): void;
}

/** Turns the first SIGINT or SIGTERM into a stop request; a second one exits immediately. */
export function stopOnSignals(notes: Output): StopHandle {
  const controller = new AbortController();
  const onSignal = (): void => {
    // Acknowledgements are already on file, so only responses in flight are lost.
    if (controller.signal.aborted) process.exit(EXIT.PENDING);
    controller.abort();
    notes.line("Stopping after the requests in flight. Press Ctrl-C again to stop immediately.");
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    release() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
