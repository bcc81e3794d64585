import { EXIT } from "./exit-codes.js";
import type { Output } from "./output.js";

const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM"];

/** The wish to stop. */
export interface Stop {
  readonly signal: AbortSignal;
  /** Gives the signals back to Node, which ends the process for them. */
  release(): void;
}

/** Turns the first SIGINT or SIGTERM into a wish to stop; a second one ends the process where it stands. */
export function stopOnSignals(notes: Output): Stop {
  const controller = new AbortController();
  const onSignal = (): void => {
    // Acknowledgements are on file as they come, so nothing is lost but the answers still on their way.
    if (controller.signal.aborted) process.exit(EXIT.PENDING);
    controller.abort();
    notes.line("Stopping once what is on its way is answered. Ask again to stop at once.");
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    release() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
