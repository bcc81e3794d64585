import type { SyncReport } from "../../delivery/counters.js";

/** The exit codes. The highest one that applies is used. */
export const EXIT = { DONE: 0, REJECTED: 1, TO_DO: 1, USAGE: 2, PENDING: 3, KEY_REJECTED: 4 } as const;

/** An exit code. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The part of a report that determines the exit code of a sync. */
export type SyncOutcome = Pick<SyncReport, "pending" | "rejected" | "failures" | "blockedStatus">;

/** Whether the backend rejected the API key, or its access to the project. */
export function isKeyRejected({ blockedStatus }: Pick<SyncOutcome, "blockedStatus">): boolean {
  return blockedStatus === 401 || blockedStatus === 403;
}

/** The exit code of a sync. */
export function exitCodeOf(outcome: SyncOutcome): ExitCode {
  if (isKeyRejected(outcome)) return EXIT.KEY_REJECTED;
  if (outcome.pending > 0) return EXIT.PENDING;
  if ((outcome.failures ?? 0) > 0) return EXIT.USAGE;
  return outcome.rejected > 0 ? EXIT.REJECTED : EXIT.DONE;
}
