/** What can be counted on its way to the backend. A prediction is counted by itself, not by its batch. */
export const COUNTED = ["experiments", "runs", "checkpoints", "evals", "metrics", "predictions", "patches"] as const;

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
  /** Not for sending: lines that are no rows, rows without a finite series, folders that another client wrote. */
  readonly skipped: number;
}

/** Where a write can stand. */
export type Standing = keyof Counts;

/** What became of the writes, in all and by kind. */
export interface SyncReport extends Counts {
  /** The same for each kind of write by itself. */
  readonly byKind: Readonly<Record<Counted, Counts>>;
  /** What keeps the pending writes back, where it is not the network: a refused key, a redirect, another process. */
  readonly blocked?: string;
  /** The status of the answer behind it, where it was one: 401 and 403 for a refused key, 3xx for a redirect. */
  readonly blockedStatus?: number;
  /** How often a folder could not be read or written, where that happened: of such a folder not all is counted. */
  readonly failures?: number;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
}

/** Counts writes as they fare. */
export class Tally {
  readonly #byKind = {
    experiments: zeros(),
    runs: zeros(),
    checkpoints: zeros(),
    evals: zeros(),
    metrics: zeros(),
    predictions: zeros(),
    patches: zeros(),
  };
  readonly #total = zeros();

  add(kind: Counted, standing: Standing, writes: number): void {
    this.#byKind[kind][standing] += writes;
    this.#total[standing] += writes;
  }

  get total(): Counts {
    return this.#total;
  }

  report(startedAt: number, blocked?: string, blockedStatus?: number): SyncReport {
    return {
      ...this.#total,
      byKind: structuredClone(this.#byKind),
      ...(blocked === undefined ? {} : { blocked }),
      ...(blockedStatus === undefined ? {} : { blockedStatus }),
      durationMs: Math.round(performance.now() - startedAt),
    };
  }
}

function zeros(): Record<Standing, number> {
  return { delivered: 0, pending: 0, rejected: 0, skipped: 0 };
}
