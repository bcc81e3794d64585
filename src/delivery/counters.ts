/** What can be counted on its way to the backend. A prediction is counted by itself, not by its batch. */
export const COUNTED = ["experiments", "runs", "checkpoints", "evals", "metrics", "predictions", "patches"] as const;

/** A kind of write, as a report counts it. */
export type Counted = (typeof COUNTED)[number];

/** How many writes are in each state. */
export interface Counts {
  /** Accepted by the backend. */
  readonly delivered: number;
  /** In the mirror, still to be sent. */
  readonly pending: number;
  /** Rejected by the backend. */
  readonly rejected: number;
  /** Not sent: lines that are no rows, rows without a finite series, folders that another client wrote. */
  readonly skipped: number;
}

/** A state of a write. */
export type WriteState = keyof Counts;

/** The counts of a sync, a flush or a close, in total and by kind. */
export interface SyncReport extends Counts {
  /** The same for each kind of write. */
  readonly byKind: Readonly<Record<Counted, Counts>>;
  /** Why writes are still pending, such as a refused key, a redirect or another process that sends them. */
  readonly blocked?: string;
  /** The status of the response behind `blocked`, if it was one: 401 and 403 for a refused key, 3xx for a redirect. */
  readonly blockedStatus?: number;
  /** How long the backend has asked to be left alone from now on, in milliseconds. Absent if it has not. */
  readonly retryAfterMs?: number;
  /** How often a folder could not be read or written: not everything in such a folder is counted. */
  readonly failures?: number;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
}

/** Counts of writes by kind and state. */
export class Counters {
  readonly #byKind: Record<Counted, Record<WriteState, number>> = {
    experiments: zeros(),
    runs: zeros(),
    checkpoints: zeros(),
    evals: zeros(),
    metrics: zeros(),
    predictions: zeros(),
    patches: zeros(),
  };
  readonly #total = zeros();

  get total(): Counts {
    return this.#total;
  }

  add(kind: Counted, state: WriteState, writes: number): void {
    this.#byKind[kind][state] += writes;
    this.#total[state] += writes;
  }

  /** Pending writes have reached another state. */
  settle(kind: Counted, state: WriteState, writes: number): void {
    this.add(kind, "pending", -writes);
    this.add(kind, state, writes);
  }

  report(
    startedAt: number,
    endedAt: number,
    details: Pick<SyncReport, "blocked" | "blockedStatus" | "retryAfterMs" | "failures">,
  ): SyncReport {
    return {
      ...this.#total,
      byKind: structuredClone(this.#byKind),
      ...details,
      durationMs: Math.round(endedAt - startedAt),
    };
  }
}

function zeros(): Record<WriteState, number> {
  return { delivered: 0, pending: 0, rejected: 0, skipped: 0 };
}
