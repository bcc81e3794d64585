import type { FolderKind } from "../store/paths.js";

/** The kinds of writes that are counted. Each prediction counts, not its batch. */
export const COUNTED = ["experiments", "runs", "checkpoints", "evals", "metrics", "predictions", "patches"] as const;

/** A kind of write in a report. */
export type Counted = (typeof COUNTED)[number];

/** What the creates of experiments or runs are counted as. */
export const CREATED = { experiment: "experiments", run: "runs" } as const satisfies Record<FolderKind, Counted>;

/** How many writes are in each state. */
export interface Counts {
  /** Accepted by the backend. */
  readonly delivered: number;
  /** In the mirror, still to be sent. */
  readonly pending: number;
  /** Rejected by the backend. */
  readonly rejected: number;
  /** Not sent: lines that are not rows, rows without a finite series, folders that another client wrote. */
  readonly skipped: number;
}

/** A state of a write. */
export type WriteState = keyof Counts;

/** The counts of a sync, a flush or a close, in total and by kind. */
export interface SyncReport extends Counts {
  /** The same for each kind of write. */
  readonly byKind: Readonly<Record<Counted, Counts>>;
  /** Why writes are still pending, such as a rejected key, a redirect or another process that is sending them. */
  readonly blocked?: string;
  /** The HTTP status behind `blocked`, if there is one: 401 and 403 for a rejected key, 3xx for a redirect. */
  readonly blockedStatus?: number;
  /** The remaining Retry-After of the backend, in milliseconds. Absent if there is none. */
  readonly retryAfterMs?: number;
  /** How often a folder could not be read or written: the counts of such a folder are incomplete. */
  readonly failures?: number;
  /** Duration in milliseconds. */
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
