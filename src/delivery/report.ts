/** What can be counted on its way to the backend. */
export const COUNTED = ["experiments", "runs", "metrics", "evals", "checkpoints", "predictions", "patches"] as const;

/** A kind of write, as a report counts it. */
export type Counted = (typeof COUNTED)[number];

/** How many writes of a kind stand where. */
export interface Counts {
  /** Accepted by the backend. */
  readonly delivered: number;
  /** In the mirror, still to be sent. */
  readonly pending: number;
  /** Refused by the backend. */
  readonly rejected: number;
  /** Not for sending: unreadable lines, or rows with no finite series. */
  readonly skipped: number;
}

/** What became of the writes, in all and by kind. */
export interface SyncReport extends Counts {
  readonly byKind: Readonly<Record<Counted, Counts>>;
  /** What keeps the pending writes back, where it is not the network: a refused key, a redirect, another owner. */
  readonly blocked?: string;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
}

/** Counts writes as they fare. */
export type Tally = Record<Counted, { -readonly [State in keyof Counts]: number }>;

export function emptyTally(): Tally {
  const none = () => ({ delivered: 0, pending: 0, rejected: 0, skipped: 0 });
  return {
    experiments: none(),
    runs: none(),
    metrics: none(),
    evals: none(),
    checkpoints: none(),
    predictions: none(),
    patches: none(),
  };
}

/** The sum over all kinds. */
export function totalOf(tally: Tally): Counts {
  const total = { delivered: 0, pending: 0, rejected: 0, skipped: 0 };
  for (const kind of COUNTED) {
    total.delivered += tally[kind].delivered;
    total.pending += tally[kind].pending;
    total.rejected += tally[kind].rejected;
    total.skipped += tally[kind].skipped;
  }
  return total;
}

export function reportOf(tally: Tally, startedAt: number, blocked?: string): SyncReport {
  return {
    ...totalOf(tally),
    byKind: structuredClone(tally),
    ...(blocked === undefined ? {} : { blocked }),
    durationMs: Math.round(performance.now() - startedAt),
  };
}
