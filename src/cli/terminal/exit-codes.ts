import type { SyncReport } from "../../delivery/counters.js";

/** How a command ends. Of those that apply, the highest counts. */
export const EXIT = { DONE: 0, REJECTED: 1, TO_DO: 1, USAGE: 2, PENDING: 3, KEY_REFUSED: 4 } as const;

/** How a command ends, as a number. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What the exit code of a sync is made from. */
export type Outcome = Pick<SyncReport, "pending" | "rejected" | "failures" | "blockedStatus">;

/** Whether the backend refused the key, or the key its project. */
export function isKeyRefused({ blockedStatus }: Pick<Outcome, "blockedStatus">): boolean {
  return blockedStatus === 401 || blockedStatus === 403;
}

/** The exit code of a sync. */
export function exitCodeOf(outcome: Outcome): ExitCode {
  if (isKeyRefused(outcome)) return EXIT.KEY_REFUSED;
  if (outcome.pending > 0) return EXIT.PENDING;
  if ((outcome.failures ?? 0) > 0) return EXIT.USAGE;
  return outcome.rejected > 0 ? EXIT.REJECTED : EXIT.DONE;
}
