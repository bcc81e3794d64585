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
  readonly #counts = new Map<Counted, Record<Standing, number>>(
    COUNTED.map((kind) => [kind, { delivered: 0, pending: 0, rejected: 0, skipped: 0 }]),
  );
  readonly #total: Record<Standing, number> = { delivered: 0, pending: 0, rejected: 0, skipped: 0 };

  add(kind: Counted, standing: Standing, writes: number): void {
    const counts = this.#counts.get(kind);
    if (counts === undefined) return;
    counts[standing] += writes;
    this.#total[standing] += writes;
  }

  get total(): Counts {
    return this.#total;
  }

  report(startedAt: number, blocked?: string, blockedStatus?: number): SyncReport {
    const of = (kind: Counted): Counts => ({ ...(this.#counts.get(kind) ?? this.#total) });
    return {
      ...this.#total,
      byKind: {
        experiments: of("experiments"),
        runs: of("runs"),
        checkpoints: of("checkpoints"),
        evals: of("evals"),
        metrics: of("metrics"),
        predictions: of("predictions"),
        patches: of("patches"),
      },
      ...(blocked === undefined ? {} : { blocked }),
      ...(blockedStatus === undefined ? {} : { blockedStatus }),
      durationMs: Math.round(performance.now() - startedAt),
    };
  }
}
