import { constants } from "node:os";
import { printExitNotice } from "../delivery/exit-notice.js";

const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM"];

/** Marks a run when SIGINT or SIGTERM ends the process. */
type Stop = (signal: NodeJS.Signals) => Promise<void>;

/** The stop signals for one run, from before it is created. */
export interface StopSignals {
  /** Sets what marks the run. A signal that came earlier calls it at once. */
  readonly handle: (stop: Stop) => void;
  readonly forget: () => void;
}

const stops = new Set<Stop>();
let isStopping = false;

/** Listens for SIGINT and SIGTERM. A signal ends the process once the run is marked. */
export function listenForStop(): StopSignals {
  let handle: (stop: Stop) => void = () => {};
  const handler = new Promise<Stop>((resolve) => {
    handle = resolve;
  });
  const stop: Stop = async (signal) => (await handler)(signal);
  if (stops.size === 0) for (const signal of SIGNALS) process.prependListener(signal, onSignal);
  stops.add(stop);
  const forget = (): void => {
    // A signal that is waiting for a run that could not be created ends the process.
    handle(async () => {});
    stops.delete(stop);
    if (stops.size === 0) stopListening();
  };
  return { handle: (given) => handle(given), forget };
}

async function onSignal(signal: NodeJS.Signals): Promise<void> {
  // Another listener decides how the process ends. Counted now, because a one-time listener is removed when it is called.
  const isOurs = process.listenerCount(signal) === 1;
  if (!isStopping) {
    isStopping = true;
    await Promise.allSettled([...stops].map((stop) => stop(signal)));
    isStopping = false;
  }
  if (isOurs) end(signal);
}

/** Ends the process as the signal would have, so that whoever waits for it sees the usual exit status. */
function end(signal: NodeJS.Signals): void {
  stopListening();
  // Process 1 of a container does not end by a signal without a handler.
  if (process.pid === 1) process.exit(128 + constants.signals[signal]);
  // A signal runs no exit handler.
  printExitNotice();
  process.kill(process.pid, signal);
}

function stopListening(): void {
  for (const signal of SIGNALS) process.off(signal, onSignal);
}
